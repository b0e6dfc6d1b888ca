// SPDX-License-Identifier: Apache-2.0
// cuDNN's scaled dot product attention as graphs that are built once a shape and run many times.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <string>

namespace fk::cudnn {

// What a graph is compiled for. Numbers of sequences and of tokens are the most that it takes.
struct SdpaSpec {
  enum Kind : int {
    kDecode,       // one query a sequence, in a row of q of its own; keys in the pool's blocks
    kPacked,       // queries packed, keys and values gathered into packed rows
    kPackedPaged,  // queries packed, keys in the pool's blocks
  };
  Kind kind = kDecode;
  int half = 0;  // float16, else bfloat16
  int64_t seqs = 0, heads = 0, kv_heads = 0, size = 0, queries = 1, keys = 0;
  int64_t window = 0;  // keys that a query sees, 0: all before it
  double scale = 1;
  int64_t q_row = 0, q_head = 0, out_row = 0, out_head = 0;  // strides, in elements
  // Of the pool; unused where keys are gathered.
  int64_t blocks = 0, block_size = 0, columns = 0;
  int64_t k_block = 0, k_token = 0, k_head = 0, v_block = 0, v_token = 0, v_head = 0;
  auto operator<=>(const SdpaSpec&) const = default;
};

// Device memory. Offsets count elements and stand for seqs + 1 sequences.
struct SdpaCall {
  const void *q, *k, *v;
  void* out;
  const int32_t *queries, *keys;                  // [seqs]
  const int32_t *q_start, *kv_start, *out_start;  // packed kinds; kv_start: kPacked only
  const int32_t* table;                           // [seqs][columns], kinds with a pool
};

// cuDNN's handle on one device and every graph built there. Calls from several threads take turns.
class Sdpa {
 public:
  static std::shared_ptr<Sdpa> of(int device);  // made by the first, gone with the last holder
  ~Sdpa();
  Sdpa(const Sdpa&) = delete;

  // Whether there is a graph for `spec`. One that is missing is built if `build` says so: it takes
  // up to half a second and waits for the device. What cannot be built is not tried again.
  bool ready(const SdpaSpec& spec, bool build);
  // Why ready() said no, once for every spec; then "".
  std::string take_fault(const SdpaSpec& spec);
  int64_t workspace(const SdpaSpec& spec);  // bytes
  void run(const SdpaSpec& spec, const SdpaCall& call, void* workspace, cudaStream_t stream);

 private:
  explicit Sdpa(int device);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fk::cudnn
