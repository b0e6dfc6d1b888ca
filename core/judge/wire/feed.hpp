// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/wire/channel.hpp"

namespace fk::judge {

// An argument of a timed call that the kernel before it writes, as in a model: its numbers, from
// where the Judge staged them, in the inputs, to where the call finds them, in the outputs.
struct Feed {
  static constexpr size_t kMost = 16, kMostBytes = size_t{4} << 20;  // of a call, all together
  struct At {
    size_t offset = 0, step = 0;  // slot k of a ring lies k times `step` further on
    size_t of(size_t slot) const { return offset + slot * step; }
  };
  At from, to;
  size_t bytes = 0;

  Json to_json() const;
  // The Runner reads only what the Judge wrote, so this trusts it.
  static Feed from_json(const Json&);
};

}  // namespace fk::judge
