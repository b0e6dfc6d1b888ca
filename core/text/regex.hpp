// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/json_node.hpp"

namespace fk::core::text {

struct Span {
  size_t begin, end;
  bool match;
};

// A pattern out of a tokenizer file: Oniguruma's syntax there, PCRE2 with JIT here. What the two
// read differently (\h, class set operations, nested classes, inline m) is refused, not guessed.
// \p{..} follows PCRE2's Unicode data. Safe to share between threads.
class Regex {
 public:
  // Throws Error that quotes the pattern and the place in it.
  static Regex compile(const std::string& pattern);
  // A pattern that matches the text literally.
  static Regex literal(const std::string& text);

  // Cuts text (valid UTF-8) into matches and what lies between, in order, covering all of it.
  // Throws Error when a match needs more than 10 million steps.
  void spans(std::string_view text, std::vector<Span>& out) const;
  std::string replace(std::string_view text, std::string_view with) const;
  const std::string& pattern() const { return pattern_; }

 private:
  struct Code;
  std::shared_ptr<const Code> code_;
  std::string pattern_;
};

// {"String": "..."} or {"Regex": "..."} of a tokenizer.json.
Regex read_pattern(const JsonNode& node);

}  // namespace fk::core::text
