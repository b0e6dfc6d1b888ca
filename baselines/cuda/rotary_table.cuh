// SPDX-License-Identifier: Apache-2.0
// cos and sin of every position and pair, made once in double. One table serves all instances of
// the plugin with equal parameters on a device: 131072 positions of 64 pairs are 64 MB.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "common.hpp"
#include "fk/structs/rope_type.h"
#include "fk/tasks/rotary_embedding.h"

namespace fk::cuda {

struct RotaryInit {
  double base, factor, low_freq_factor, high_freq_factor, original_positions;
  int32_t pairs;
  enum Type : int32_t { kDefault, kLinear, kLlama3 } type;
  bool operator==(const RotaryInit&) const = default;
};

// table[position][0..pairs) = cos, table[position][pairs..2*pairs) = sin. Doubles throughout: the
// angle of the last of 131072 positions loses nothing that fp32 can show.
static __global__ void rotary_table_kernel(RotaryInit r, int64_t positions, float* table) {
  const int64_t at = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= positions * r.pairs) return;
  const int64_t position = at / r.pairs;
  const int32_t i = int32_t(at % r.pairs);
  double f = pow(r.base, -double(i) / double(r.pairs));
  if (r.type == RotaryInit::kLinear) f /= r.factor;
  if (r.type == RotaryInit::kLlama3) {
    // Long waves are stretched by factor, short ones stay, those between are blended.
    const double turns = r.original_positions * f / (2 * 3.14159265358979323846);
    const double keep = (turns - r.low_freq_factor) / (r.high_freq_factor - r.low_freq_factor);
    if (turns < r.low_freq_factor)
      f /= r.factor;
    else if (turns <= r.high_freq_factor)
      f = (1 - keep) * f / r.factor + keep * f;
  }
  double s, c;
  sincos(double(position) * f, &s, &c);
  float* row = table + position * 2 * r.pairs;
  row[i] = float(c);
  row[r.pairs + i] = float(s);
}

inline void launch_rotary_table(const RotaryInit& r, int64_t positions, float* table,
                                cudaStream_t stream) {
  const int64_t count = positions * r.pairs;
  launch(rotary_table_kernel, dim3(uint32_t((count + 255) / 256)), dim3(256), 0, stream, false, r,
         positions, table);
}

class RotaryTable {
 public:
  // The table of an init, made when nobody holds it; it lives as long as somebody does.
  static std::shared_ptr<const RotaryTable> of(const Builder& b,
                                               const fk_rotary_embedding_init& i) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<const RotaryTable>> all;
    const RotaryInit init = init_of(i);
    std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& p) { return p.expired(); });
    for (const auto& held : all)
      if (auto p = held.lock(); p && p->device_ == b.device().index && p->init_ == init &&
                                p->positions_ == i.max_position_embeddings)
        return p;
    std::shared_ptr<const RotaryTable> made(
        new RotaryTable(b.device().index, init, i.max_position_embeddings, stream_of(b)));
    all.push_back(made);
    return made;
  }
  RotaryTable(const RotaryTable&) = delete;
  ~RotaryTable() { cudaFree(data_); }

  const float* data() const { return data_; }
  // Throws what is wrong with an init, in the name of `task`.
  static void require_init(const char* task, const fk_rotary_embedding_init& i) {
    FK_REQUIRE(i.rotary_dim > 0 && i.rotary_dim % 2 == 0 && i.rotary_dim <= i.head_size,
               "%s: rotary_dim is %" PRId64 ", want an even number up to head_size %" PRId64, task,
               i.rotary_dim, i.head_size);
    FK_REQUIRE(i.max_position_embeddings > 0,
               "%s: max_position_embeddings is %" PRId64 ", want more than 0", task,
               i.max_position_embeddings);
  }

 private:
  static RotaryInit init_of(const fk_rotary_embedding_init& i) {
    const auto type = i.rope_type == FK_ROPE_TYPE_LINEAR   ? RotaryInit::kLinear
                      : i.rope_type == FK_ROPE_TYPE_LLAMA3 ? RotaryInit::kLlama3
                                                           : RotaryInit::kDefault;
    return {i.base,
            i.factor,
            i.low_freq_factor,
            i.high_freq_factor,
            double(i.original_max_position_embeddings),
            int32_t(i.rotary_dim / 2),
            type};
  }
  RotaryTable(int device, const RotaryInit& init, int64_t positions, cudaStream_t stream)
      : device_(device), init_(init), positions_(positions) {
    FK_CUDA_CHECK(cudaMalloc(&data_, size_t(positions) * 2 * size_t(init.pairs) * sizeof(float)));
    launch_rotary_table(init, positions, data_, stream);
    // Whoever comes next may be on another stream.
    FK_CUDA_CHECK(cudaStreamSynchronize(stream));
  }

  int device_;
  RotaryInit init_;
  int64_t positions_;
  float* data_ = nullptr;
};

}  // namespace fk::cuda
