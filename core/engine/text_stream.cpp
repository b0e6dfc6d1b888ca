// SPDX-License-Identifier: Apache-2.0
#include "core/engine/text_stream.hpp"

#include <algorithm>

namespace fk::core {

bool TextStream::push(int32_t id) {
  if (stopped_) return true;
  size_t from = text_.size();
  text_ += decoder_.push(id);
  return scan(from);
}

bool TextStream::scan(size_t from) {
  // The stop string that begins first wins: the text ends there.
  size_t cut = std::string::npos;
  for (const std::string& s : stops_) {
    size_t start = from >= s.size() - 1 ? from - (s.size() - 1) : 0;
    cut = std::min(cut, text_.find(s, start));
  }
  if (cut != std::string::npos) {
    text_.resize(cut);
    certain_ = text_.size();
    return stopped_ = true;
  }
  size_t held = 0;
  for (const std::string& s : stops_) {
    for (size_t n = std::min(s.size() - 1, text_.size()); n > held; --n) {
      if (text_.compare(text_.size() - n, n, s, 0, n) == 0) held = n;
    }
  }
  certain_ = text_.size() - held;
  return false;
}

void TextStream::finish() {
  if (stopped_) return;
  size_t from = text_.size();
  text_ += decoder_.finish();
  scan(from);
  certain_ = text_.size();
}

std::string_view TextStream::fresh() {
  std::string_view piece(text_.data() + std::min(shown_, certain_),
                         certain_ - std::min(shown_, certain_));
  shown_ = std::max(shown_, certain_);
  return piece;
}

}  // namespace fk::core
