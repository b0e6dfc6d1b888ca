// SPDX-License-Identifier: Apache-2.0
// FlashInfer's Hopper prefill (wgmma, bfloat16, head size 128, causal), apart from everything else
// because each of its kernels takes minutes and gigabytes to compile: over a paged cache, and over
// the step's own rows of k and v, which TMA reads faster.
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
// until that is done. kv_starts[s] is where sequence s begins: in the table of blocks, or among the
// rows of k and v.
Fa3Plan fa3_plan(const Fa3Workspace& w, const int32_t* query_starts, const int32_t* kv_starts,
                 const int32_t* kv_lengths, int rows, int num_seqs, int num_heads, int num_kv_heads,
                 cudaStream_t stream);

// Strides in elements, all but the last multiples of 8.
struct Fa3Call {
  const void *q, *key, *value;
  void* out;
  int64_t q_row, q_head, out_row, out_head;
  int64_t key_token, key_head, value_token, value_head;
  int rows, num_heads, num_kv_heads;
  float scale;
};
struct Fa3PagedCall : Fa3Call {
  const int32_t* blocks;
  int64_t key_block, value_block;
  int block_size;
};
void fa3_run_paged(const void* ints, const Fa3Plan& plan, const Fa3PagedCall& call,
                   cudaStream_t stream);
// As many rows of k and v as of q.
void fa3_run_ragged(const void* ints, const Fa3Plan& plan, const Fa3Call& call,
                    cudaStream_t stream);

}  // namespace fk::flashinfer
