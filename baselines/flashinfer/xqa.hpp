// SPDX-License-Identifier: Apache-2.0
// XQA, TensorRT-LLM's decode attention as FlashInfer carries it: bfloat16, head size 128. One
// translation unit a configuration (group, block size): xqa_g<group>_p<block size>.cu.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace fk::flashinfer {

// q and out are contiguous rows; keys and values have the same strides (in elements), multiples of
// 128.
struct XqaCall {
  const void *q, *key, *value;
  void* out;
  const int32_t* table;
  int columns;  // from one row of the table to the next
  const int32_t* lengths;
  int num_seqs, num_kv_heads;
  int64_t block, token, head;
  float scale;
};

// A block computes a (sequence, kv head) item. XQA can split one among blocks, but rounds their
// results to 16 bits before it adds them up: that error is larger than paged_attention may have.
constexpr int kXqaTile = 256;  // keys that a block has in work: of these there would be no split

struct XqaConfig {
  int group, block_size;
  void (*prepare)();  // once a device, before the first launch
  void (*run)(const XqaCall& call, cudaStream_t stream);
};
extern const XqaConfig kXqaGroup4Page16, kXqaGroup4Page64;

}  // namespace fk::flashinfer
