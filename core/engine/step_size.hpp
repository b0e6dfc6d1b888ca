// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::core {

// What a step had to do, in the words that `bytes` and `flops` of the registry use. Added up over
// steps, each number is a sum.
struct StepSize {
  int64_t tokens = 0;     // n: rows that go through the model
  int64_t rows = 0;       // m: rows of logits
  int64_t seqs = 0;       // num_seqs
  int64_t kv_tokens = 0;  // keys that the caches hold for its sequences
  int64_t attended = 0;   // pairs of a query and a key that it sees, without a window

  StepSize operator-(const StepSize& o) const {
    return {tokens - o.tokens, rows - o.rows, seqs - o.seqs, kv_tokens - o.kv_tokens,
            attended - o.attended};
  }
};

}  // namespace fk::core
