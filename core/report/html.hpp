// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fk::report {

// Text as HTML and SVG show it: the five characters that mean something are escaped, and what would
// hide or reorder the text around it (control characters, overrides of the writing direction,
// broken UTF-8) becomes U+FFFD.
std::string escaped(std::string_view);

struct Attribute {
  const char* name;
  std::string value;
};

// Writes HTML. Names of elements and attributes are the program's own; everything else goes through
// `escaped`, here and nowhere else.
class Html {
 public:
  // Ends its element at the end of the scope.
  class Element {
   public:
    Element(Html& html, const char* tag) : html_(html), tag_(tag) {}
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;
    ~Element() { html_.end(tag_); }

   private:
    Html& html_;
    const char* tag_;
  };
  using Attributes = std::vector<Attribute>;

  [[nodiscard]] Element open(const char* tag, const Attributes& = {});
  // One that holds text alone.
  void leaf(const char* tag, std::string_view text, const Attributes& = {});
  // One that holds nothing: <meta>, and shapes of SVG.
  void empty(const char* tag, const Attributes&);
  void text(std::string_view t) { out_ += escaped(t); }
  // Text of the program's own that is no HTML text: style, script, the document's type.
  template <size_t N>
  void constant(const char (&literal)[N]) {
    out_.append(literal, N - 1);
  }
  std::string take() { return std::move(out_); }

 private:
  void begin(const char* tag, const Attributes&);
  void end(const char* tag);
  std::string out_;
};

}  // namespace fk::report
