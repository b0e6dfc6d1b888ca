// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <memory>

#include "core/weights/weight_store.hpp"

namespace fk::core {

// A line on stderr while something long goes on. On a terminal it is rewritten in place; elsewhere
// only its beginning and its end are written. Nothing is shown for what takes less than half a
// second.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();               // ends the line
  void update(double done);  // 0..1; cheap to call often

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One line on stderr that is written over on a terminal; elsewhere a line every ten seconds: what
// came of it is said after.
class StatusLine {
 public:
  ~StatusLine() { clear(); }
  void clear();  // before anything else is said
  void operator()(const std::string& text);

 private:
  static constexpr std::chrono::seconds kApart{10};
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Shows how far the weights are loaded: passes every call on and counts the bytes, of `total`.
std::shared_ptr<WeightStore> with_progress(std::unique_ptr<WeightStore>, std::string what,
                                           size_t total);

}  // namespace fk::core
