// SPDX-License-Identifier: Apache-2.0
// The kernels behind paged_attention: their common arguments and launchers. Each launcher only
// enqueues; grid sizes depend on shapes alone.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fk::cuda {

enum class Element { kFloat32, kBFloat16, kFloat16 };

// Strides in elements; the last dimension of every tensor has stride 1.
struct PagedAttentionParams {
  const void* q;
  const void* key;
  const void* value;
  void* out;
  int64_t q_row, q_head, out_row, out_head;
  int64_t key_block, key_token, key_head, value_block, value_token, value_head;
  const int32_t* table;  // [num_seqs][table_stride]
  int64_t table_stride;
  const int32_t* starts;   // query_start_loc
  const int32_t* lengths;  // seq_lens
  const float* slopes;     // ALiBi, or NULL
  int num_seqs, num_rows;
  int num_kv_heads, group, head_size, block_size;
  int window;          // keys a query sees, 0: all
  bool singles_apart;  // a step with other queries too: sequences of one query are the decode
                       // kernel's, the others the prefill kernel's
  float scale, soft_cap;
};

// Any head size up to 256, any group, block size and element type.
void launch_paged_attention_generic(const PagedAttentionParams& p, Element element,
                                    cudaStream_t stream);

// The sequences of one query, bfloat16 or float16, head_size 64 or 128, group <= 8, 16-byte aligned
// rows, block_size a multiple of 16, scale > 0.
struct DecodeWorkspace {
  int ctas;           // of the whole grid, from decode_ctas()
  unsigned* arrived;  // [ctas], zero before the first launch; every launch leaves zeros
  float* partial;     // [decode_partial_floats()]
};
void prepare_paged_attention_decode();  // once a device, before the first launch
int decode_ctas(int multiprocessors);
int64_t decode_partial_floats(const PagedAttentionParams& p, int ctas);
void launch_paged_attention_decode(const PagedAttentionParams& p, const DecodeWorkspace& w,
                                   Element element, cudaStream_t stream);

// Any mix of query lengths; bfloat16 or float16, head_size 64 or 128, group <= 128, 16-byte aligned
// rows, block_size a multiple of 16, scale > 0, no soft cap, no ALiBi.
void prepare_paged_attention_prefill();  // once a device, before the first launch
void launch_paged_attention_prefill(const PagedAttentionParams& p, Element element,
                                    cudaStream_t stream);

}  // namespace fk::cuda
