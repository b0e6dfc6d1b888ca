// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::test {

// Calls of malloc and its relatives (operator new included) in this process since it started,
// plugins' calls too.
uint64_t allocation_count();

}  // namespace fk::test
