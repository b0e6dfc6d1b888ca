// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "fk/abi.h"

namespace fk::judge {

// The largest difference of two tensors' elements; infinity where a NaN or infinity of one is not
// one of the other's. As fast as memory: every timed output goes through it.
double max_difference(const uint8_t* a, const uint8_t* b, size_t count, fk_dtype);

}  // namespace fk::judge
