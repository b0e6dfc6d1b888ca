// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/text/tokenizer.hpp"

namespace fk::core {

// Joins the tokens of one request into text and watches for stop strings. Text that may still turn
// out to be the beginning of a stop string, or half a UTF-8 sequence, is held back.
class TextStream {
 public:
  TextStream(const Tokenizer& tokenizer, std::vector<std::string> stop_strings)
      : decoder_(tokenizer), stops_(std::move(stop_strings)) {}
  // Adds one token; true when a stop string is now complete. The text then ends before it.
  bool push(int32_t id);
  void finish();  // nothing more comes: what is held back is text
  const std::string& text() const { return text_; }
  // Text that became certain since the last call.
  std::string_view fresh();

 private:
  bool scan(size_t from);
  StreamDecoder decoder_;
  std::vector<std::string> stops_;
  std::string text_;
  size_t certain_ = 0, shown_ = 0;
  bool stopped_ = false;
};

}  // namespace fk::core
