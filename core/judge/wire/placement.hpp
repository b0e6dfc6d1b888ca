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

// Of a tensor that a call writes or not; `step_tensor`: its name in the step, "" for an argument.
inline Placement::In where(bool written, std::string_view step_tensor) {
  if (written) return Placement::In::kOutputs;
  return step_tensor.ends_with("_host") ? Placement::In::kHost : Placement::In::kInputs;
}

// One thing for each place.
template <class T>
struct PerPlace {
  T inputs{}, outputs{}, host{};
  T& of(Placement::In in) {
    return in == Placement::In::kInputs ? inputs : in == Placement::In::kOutputs ? outputs : host;
  }
  const T& of(Placement::In in) const { return const_cast<PerPlace*>(this)->of(in); }
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
