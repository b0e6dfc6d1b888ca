// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rotary_embedding.h"

#include <numbers>

#include "../checks.hpp"
#include "../storage.hpp"
#include "fk/structs/rope_type.h"

namespace fk::reference {
namespace {

class RotaryEmbeddingLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_rotary_embedding_init&) {
    support_cpu(device);
  }
  RotaryEmbeddingLoops(Builder&, const fk_rotary_embedding_init& i)
      : init_(i), half_(i.rotary_dim / 2) {
    FK_REQUIRE(i.rotary_dim > 0 && i.rotary_dim % 2 == 0 && i.rotary_dim <= i.head_size,
               "rotary_embedding: rotary_dim is %" PRId64
               ", want an even number up to head_size %" PRId64,
               i.rotary_dim, i.head_size);
  }

  void forward(const Run& run, const fk_rotary_embedding_args& a) const {
    require_shape("rotary_embedding", "positions", a.positions, {kAny});
    require_dtype("rotary_embedding", "positions", a.positions, kInt64);
    const Tensor positions(a.positions);
    const int64_t n = positions.size(0);
    require_shape("rotary_embedding", "q", a.q, {n, kAny, init_.head_size});
    if (a.k) require_shape("rotary_embedding", "k", a.k, {n, kAny, init_.head_size});
    double* head = run.scratch<double>(init_.head_size);
    double* frequency = run.scratch<double>(half_);
    for (int64_t i = 0; i < half_; ++i) frequency[i] = frequency_of(i);
    for (int64_t t = 0; t < n; ++t) {
      const double position = double(positions.data<int64_t>()[t]);
      for (Tensor x : {Tensor(a.q), Tensor(a.k)}) {
        if (!x) continue;
        for (int64_t h = 0; h < x.size(1); ++h) {
          const int64_t offset = t * x.stride(0) + h * x.stride(1);
          load(x, offset, init_.head_size, head);
          rotate(position, frequency, head);
          store(x, offset, init_.head_size, head);
        }
      }
    }
  }

 private:
  // Radians a position.
  double frequency_of(int64_t i) const {
    const double f = std::pow(init_.base, -2.0 * double(i) / double(init_.rotary_dim));
    if (init_.rope_type == FK_ROPE_TYPE_LINEAR) return f / init_.factor;
    if (init_.rope_type != FK_ROPE_TYPE_LLAMA3) return f;
    // Llama 3.1: long waves are stretched by factor, short ones stay, those between are blended.
    const double turns =
        double(init_.original_max_position_embeddings) * f / (2 * std::numbers::pi);
    if (turns < init_.low_freq_factor) return f / init_.factor;
    if (turns > init_.high_freq_factor) return f;
    const double keep =
        (turns - init_.low_freq_factor) / (init_.high_freq_factor - init_.low_freq_factor);
    return (1 - keep) * f / init_.factor + keep * f;
  }

  void rotate(double position, const double* frequency, double* head) const {
    for (int64_t i = 0; i < half_; ++i) {
      double& a = head[init_.is_neox_style ? i : 2 * i];
      double& b = head[init_.is_neox_style ? i + half_ : 2 * i + 1];
      const double c = std::cos(position * frequency[i]), s = std::sin(position * frequency[i]);
      const double rotated = a * c - b * s;
      b = b * c + a * s;
      a = rotated;
    }
  }

  fk_rotary_embedding_init init_;
  int64_t half_;
};

FK_IMPL(fk::RotaryEmbedding, "reference", "1.0.0", FK_IMPL_BITWISE, RotaryEmbeddingLoops)

}  // namespace
}  // namespace fk::reference
