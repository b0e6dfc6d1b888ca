// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/text/pre_tokenizer.hpp"

namespace fk::core::text {

// What becomes of the matches of a cut.
enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
Behavior read_behavior(const JsonNode& node);

// Takes the spans of one piece in order (matches and what lies between, all of it) and passes on
// the pieces that the behaviour makes of them.
class Splitter {
 public:
  Splitter(Piece piece, Behavior behavior, PieceSink& sink)
      : piece_(piece), behavior_(behavior), sink_(sink) {}

  void span(size_t begin, size_t end, bool match) {
    switch (behavior_) {
      case Behavior::kIsolated: emit(begin, end); break;
      case Behavior::kRemoved:
        if (!match) emit(begin, end);
        break;
      case Behavior::kContiguous:
        if (held_ && match == last_) {
          end_ = end;
        } else {
          hold(begin, end);
        }
        break;
      case Behavior::kMergedWithPrevious:
        if (held_ && match && !last_) {
          end_ = end;
        } else {
          hold(begin, end);
        }
        break;
      case Behavior::kMergedWithNext:
        if (held_ && !match && last_) {
          end_ = end;
          flush();
        } else {
          hold(begin, end);
        }
        break;
    }
    last_ = match;
  }
  void flush() {
    if (held_) emit(begin_, end_);
    held_ = false;
  }

 private:
  void hold(size_t begin, size_t end) {
    flush();
    begin_ = begin;
    end_ = end;
    held_ = true;
  }
  void emit(size_t begin, size_t end) {
    if (begin < end) {
      sink_.take({piece_.text.substr(begin, end - begin), piece_.at_start && begin == 0});
    }
  }

  Piece piece_;
  Behavior behavior_;
  PieceSink& sink_;
  size_t begin_ = 0, end_ = 0;
  bool held_ = false, last_ = false;
};

}  // namespace fk::core::text
