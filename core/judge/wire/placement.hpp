// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/judge/wire/channel.hpp"
#include "fk/abi.h"

namespace fk::judge {

// Where a tensor lies in the shared memory. Slot k of a ring lies k times `step` further on.
struct Placement {
  std::string name;
  enum class In { kInputs, kOutputs } in = In::kInputs;
  size_t offset = 0, step = 0;
  fk_dtype dtype{};
  std::vector<int64_t> shape, strides;

  Json to_json() const;
  // The Runner reads only what the Judge wrote, so this trusts it.
  static Placement from_json(const Json&);
};

// Hands out aligned stretches of a region that is made later.
class Packer {
 public:
  size_t place(size_t bytes) {
    const size_t at = size_;
    size_ += (bytes + 255) / 256 * 256;
    return at;
  }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

}  // namespace fk::judge
