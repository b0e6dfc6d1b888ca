// SPDX-License-Identifier: Apache-2.0
// What cuDNN wants of a step, made of the step's tensors on the device.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fk::cudnn {

// Lengths, offsets and block table of `count` sequences, padded to `seqs` with ones of no query.
// What a table holds past a sequence's end may be anything: it becomes block 0.
struct Prepare {
  const int32_t *starts, *lengths;  // query_start_loc and seq_lens of the first sequence
  const int32_t* table;
  int64_t table_stride;
  int count, seqs;
  int block_size, columns_in, columns;      // columns: 0 where there is no table to make
  bool decode;                              // one query each; no keys count as one, see clear_idle
  int64_t q_row, out_row, kv_row;           // elements from token to token
  int32_t *queries, *keys;                  // [seqs]
  int32_t *q_start, *out_start, *kv_start;  // [seqs + 1], or NULL
  int32_t* table_out;                       // [seqs][columns]
};
void launch_prepare(const Prepare& p, cudaStream_t stream);

// Keys and values of all tokens side by side, then `tail` rows of zeros. Two bytes an element, all
// rows at multiples of 16.
struct Gather {
  const void *k, *v;
  void *k_out, *v_out;      // [tokens + tail][kv_heads][size]
  const int32_t* kv_start;  // [count + 1], elements of the rows gathered
  const int32_t* table;
  int64_t table_stride;
  int64_t k_block, k_token, k_head, v_block, v_token, v_head;
  int count, tokens, tail, block_size, kv_heads, size;
};
void launch_gather(const Gather& g, cudaStream_t stream);

// Zeros in the rows of sequences that have no keys.
struct ClearIdle {
  const int32_t* lengths;
  void* out;
  int64_t row, head;
  int seqs, heads, size;
};
void launch_clear_idle(const ClearIdle& c, cudaStream_t stream);

}  // namespace fk::cudnn
