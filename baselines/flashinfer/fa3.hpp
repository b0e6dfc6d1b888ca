// SPDX-License-Identifier: Apache-2.0
// FlashInfer's Hopper prefill over a paged cache (wgmma, bfloat16, head size 128, causal), apart
// from everything else because its one kernel takes minutes and gigabytes to compile.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace fk::flashinfer {

struct Fa3Workspace {
  void* ints;    // on the device
  void* pinned;  // as large, on the host
  size_t bytes;
};

// FlashInfer's PrefillPlanSM90Info, without its header.
struct Fa3Plan {
  int64_t fields[9];
};

// Reads the host arrays, fills `pinned` and starts its copy to `ints`: `pinned` must stay as it is
// until that is done. kv_starts[s] is where the blocks of sequence s begin in the table of blocks.
Fa3Plan fa3_plan(const Fa3Workspace& w, const int32_t* query_starts, const int32_t* kv_starts,
                 const int32_t* kv_lengths, int rows, int num_seqs, int num_heads, int num_kv_heads,
                 cudaStream_t stream);

// Strides in elements.
struct Fa3Call {
  const void *q, *key, *value;
  void* out;
  const int32_t* blocks;
  int64_t q_row, q_head, out_row, out_head;
  int64_t key_block, key_token, key_head, value_block, value_token, value_head;
  int rows, num_heads, num_kv_heads, block_size;
  float scale;
};
void fa3_run(const Fa3Workspace& w, const Fa3Plan& plan, const Fa3Call& call, cudaStream_t stream);

}  // namespace fk::flashinfer
