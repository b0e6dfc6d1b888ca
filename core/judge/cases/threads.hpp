// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <thread>

#include "core/runtime/thread_pool.hpp"

namespace fk::cases {

// Of the right answers, which nobody times: all that the machine has, and two where it has one.
inline int answer_threads() { return int(std::max(2u, std::thread::hardware_concurrency())); }

// f(begin, end) over ranges of [0, n), concurrently.
template <class F>
void for_ranges(int64_t n, const F& f) {
  const auto pool = core::shared_pool(answer_threads());
  pool->service()->parallel_for(
      pool->service(), n,
      [](void* given, int64_t begin, int64_t end, int32_t) {
        (*static_cast<const F*>(given))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace fk::cases
