// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/judge/wire/channel.hpp"
#include "fk/abi.h"

namespace fk::judge {

// Where a tensor lies in the shared memory. Slot k of a ring lies k times `step` further on.
struct Placement {
  std::string name;
  // kHost: what a plugin reads on the host whatever the device is, the step's *_host tensors.
  enum class In { kInputs, kOutputs, kHost } in = In::kInputs;
  size_t offset = 0, step = 0;
  fk_dtype dtype{};
  std::vector<int64_t> shape, strides;

  Json to_json() const;
  // The Runner reads only what the Judge wrote, so this trusts it.
  static Placement from_json(const Json&);
};

inline bool lies_on_host(std::string_view step_tensor) { return step_tensor.ends_with("_host"); }

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
