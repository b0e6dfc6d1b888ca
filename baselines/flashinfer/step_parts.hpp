// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::flashinfer {

// A step is, in the order that engines keep: sequences of one query, which are a decode kernel's (a
// tile of the prefill kernel would hold one row of each), sequences that go on, and fresh ones, all
// of whose keys are rows of this very step. A step in another order has fewer of both kinds.
struct StepParts {
  int64_t singles = 0;  // sequences [0, singles)
  int64_t fresh = 0;    // sequences [fresh, num_seqs)
};
inline StepParts parts_of(const int32_t* starts, const int32_t* lengths, int64_t num_seqs) {
  const auto queries = [&](int64_t s) { return starts[s + 1] - starts[s]; };
  StepParts p{0, num_seqs};
  while (p.singles < num_seqs && queries(p.singles) == 1) ++p.singles;
  while (p.fresh > p.singles && queries(p.fresh - 1) > 0 &&
         queries(p.fresh - 1) == lengths[p.fresh - 1])
    --p.fresh;
  return p;
}

}  // namespace fk::flashinfer
