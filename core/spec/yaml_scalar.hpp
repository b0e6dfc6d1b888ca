// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/yaml.hpp"

namespace fk::core {

// The characters of a YAML file, where we are in them, and the scalars that can begin there.
// Columns count from 1.
class YamlInput {
 public:
  YamlInput(std::string_view text, const std::string* file) : text_(text), file_(file) {}

  bool done() const { return at_ >= text_.size(); }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view left() const { return text_.substr(at_); }
  int column() const { return int(at_ - line_start_) + 1; }
  void skip(size_t count) { at_ += count; }
  void spaces();                           // on this line
  void to_content();                       // past spaces, comments and line ends
  bool at_line_end() const;                // of content: a comment counts
  bool at_dash() const;                    // "- "
  bool at_marker(std::string_view) const;  // "---" or "..." at the beginning of a line
  bool at_key() const;                     // a name or quoted text with ": " behind it
  bool next_is_list_at(
      int column) const;  // the next content is "- " at that column: a list may stand under its key
  Yaml node(Yaml::Kind) const;  // an empty one that stands here

  Yaml key();  // and its ":"
  Yaml quoted();
  // Unquoted text. In a block it goes on over lines whose content stands at `least` or further
  // right.
  Yaml plain(bool flow, int least);
  Yaml block_scalar(int least);  // | or >

  std::string word() const;  // what stands here, for messages
  template <class... A>
  [[noreturn]] void fail(fmt::format_string<A...> f, A&&... a) const {
    fail_at(node(Yaml::Kind::kNull), f, std::forward<A>(a)...);
  }

 private:
  bool ends_plain(size_t at, bool flow) const;
  size_t quoted_end(size_t at) const;
  void new_line();   // at a '\n'
  int fold_lines();  // past line ends and leading spaces; how many there were
  void escape(std::string& out);

  std::string_view text_;
  const std::string* file_;
  size_t at_ = 0, line_start_ = 0;
  int line_ = 1;
};

}  // namespace fk::core
