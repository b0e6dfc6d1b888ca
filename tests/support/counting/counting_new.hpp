// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::test {

// Counts operator new in the whole process, plugins included. With FK_TRACE_ALLOCATIONS set, prints
// where each came from.
void start_counting();
int64_t stop_counting();

}  // namespace fk::test
