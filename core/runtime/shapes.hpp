// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/spec/registry.hpp"

namespace fk::core {

struct TensorShape {
  std::vector<int64_t> shape;
  fk_dtype dtype;
  size_t bytes() const;  // throws Error on overflow
};

// Whether the field exists for this init (`when`).
bool present(const Field&, const InitValue&);

// The shape and dtype of a param or state: expressions over the init and, for states, the host's
// sizes. Throws Error naming the field and the size that is not given.
TensorShape shape_of(const Field&, const InitValue&, const std::map<std::string, int64_t>& dims,
                     fk_dtype run_dtype);

// "float32 [3, 4]"
std::string describe(fk_dtype, const std::vector<int64_t>& shape);

}  // namespace fk::core
