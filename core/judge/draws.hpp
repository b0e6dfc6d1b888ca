// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::judge {

// All random numbers of one judgement or measurement, out of one seed that repeats them. A plugin
// sees inputs that some of them made: whoever works one out learns neither the seed nor another.
class Draws {
 public:
  explicit Draws(uint64_t seed) : seed_(seed) {}
  uint64_t operator()();
  uint64_t seed() const { return seed_; }

 private:
  uint64_t seed_, drawn_ = 0;
};

}  // namespace fk::judge
