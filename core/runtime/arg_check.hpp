// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "core/runtime/node.hpp"

namespace fk::core {

// The tensor of one field of an args or step struct; NULL when absent.
inline const fk_tensor* tensor_at(const void* base, const Field& f) {
  return *reinterpret_cast<const fk_tensor* const*>(static_cast<const char*>(base) + f.offset);
}

// What is wrong with a call's args by the task's spec (presence, dtype, shape, strides, alignment
// of sizes that share a name), or "".
std::string check_args(const Node&, const void* args, fk_dtype run_dtype);

}  // namespace fk::core
