// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace fk::core {

// Numbers 0..count-1 that are lent and come back: cache blocks, state slots. Never allocates after
// construction.
class IndexPool {
 public:
  explicit IndexPool(int64_t count) : count_(count) {
    free_.reserve(size_t(count));
    for (int64_t i = count; i-- > 0;) free_.push_back(int32_t(i));
  }
  int64_t count() const { return count_; }
  int64_t available() const { return int64_t(free_.size()); }
  int32_t take() {  // available() > 0
    int32_t i = free_.back();
    free_.pop_back();
    return i;
  }
  void give(int32_t i) { free_.push_back(i); }

 private:
  int64_t count_;
  std::vector<int32_t> free_;
};

}  // namespace fk::core
