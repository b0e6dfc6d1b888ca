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
  int num_seqs, num_kv_heads, multiprocessors;
  int64_t block, token, head;
  float scale;
  uint32_t* semaphores;  // num_seqs * num_kv_heads, zero before the first call and left zero
  void* scratch;         // xqa_scratch_bytes()
};

// Splits exist only where there are fewer (sequence, kv head) items than multiprocessors; each
// leaves a row of 1 KB and two of statistics.
constexpr size_t xqa_scratch_bytes(int multiprocessors) { return size_t(multiprocessors) * 4096; }

struct XqaConfig {
  int group, block_size;
  void (*prepare)();  // once a device, before the first launch
  void (*run)(const XqaCall& call, cudaStream_t stream);
};
extern const XqaConfig kXqaGroup4Page16, kXqaGroup4Page64;

}  // namespace fk::flashinfer
