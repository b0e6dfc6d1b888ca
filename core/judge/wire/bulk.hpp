// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fk/abi.h"

namespace fk::judge {

// What is done to the memory of timed calls before and after every round, many stretches at once
// and where they lie: on the CPU by this thread, on a card by a kernel of the Judge's own. Every
// stretch begins at a multiple of 16 bytes.
class Bulk {
 public:
  // From null: every byte becomes 0xff, which is NaN in every float format and -1 as an integer.
  struct Copy {
    uint8_t* to;
    const uint8_t* from;
    size_t bytes;
  };
  struct Pair {
    const uint8_t *a, *b;
    size_t count;  // elements
    fk_dtype dtype;
  };

  // Throws Error kMissing for a card that this build has no code for.
  static std::unique_ptr<Bulk> open(fk_device);
  virtual ~Bulk() = default;
  // Done on return.
  virtual void copy(std::span<const Copy>) = 0;
  // The largest difference of each pair's elements; infinity where a NaN or infinity of one is not
  // one of the other's.
  virtual std::vector<double> differences(std::span<const Pair>) = 0;
};

}  // namespace fk::judge
