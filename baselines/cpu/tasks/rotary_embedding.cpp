// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rotary_embedding.h"

#include <cmath>
#include <numbers>

#include "common.hpp"
#include "fk/structs/rope_type.h"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "rotary_embedding";
constexpr int64_t kLow = 256;

// cos and sin of position * frequency come from two small tables in double, for position % 256 and
// for position - position % 256, by the addition theorem: exact to fp32 at any position and 256
// times smaller than a full table.
class RotaryTables {
 public:
  static void supports(fk_device device, int32_t, const fk_rotary_embedding_init&) {
    support_cpu(device);
  }
  RotaryTables(Builder& b, const fk_rotary_embedding_init& i)
      : init_(i),
        pairs_(i.rotary_dim / 2),
        high_(i.max_position_embeddings / kLow + 1),
        threads_(b.host) {
    FK_REQUIRE(i.rotary_dim > 0 && i.rotary_dim % 2 == 0 && i.rotary_dim <= i.head_size,
               "%s: rotary_dim is %" PRId64 ", want an even number up to head_size %" PRId64, kTask,
               i.rotary_dim, i.head_size);
    Angle* table = b.alloc<Angle>((kLow + high_ + 1) * pairs_);
    table_ = table;
    if (b.dry()) return;
    for (int64_t p = 0; p < pairs_; ++p) {
      const double f = frequency(p);
      for (int64_t t = 0; t < kLow; ++t)
        table[t * pairs_ + p] = {std::cos(double(t) * f), std::sin(double(t) * f)};
      for (int64_t t = 0; t <= high_; ++t)
        table[(kLow + t) * pairs_ + p] = {std::cos(double(t * kLow) * f),
                                          std::sin(double(t * kLow) * f)};
    }
  }

  void forward(const Run& run, const fk_rotary_embedding_args& a) const {
    require_shape(kTask, "positions", a.positions, {kAny});
    require_dtype(kTask, "positions", a.positions, kInt64);
    const int64_t n = a.positions->shape[0];
    require_shape(kTask, "q", a.q, {n, kAny, init_.head_size});
    if (a.k) require_shape(kTask, "k", a.k, {n, kAny, init_.head_size});
    const Type type = a.k ? same_type(kTask, "k", a.k, a.q) : type_of(kTask, "q", a.q->dtype);
    const int64_t* positions = static_cast<const int64_t*>(a.positions->data);
    for (int64_t t = 0; t < n; ++t)
      FK_REQUIRE(positions[t] >= 0 && positions[t] < (high_ + 1) * kLow,
                 "%s: positions[%" PRId64 "] is %" PRId64 ", want 0 to %" PRId64, kTask, t,
                 positions[t], init_.max_position_embeddings - 1);
    float* angles = run.scratch<float>(2 * pairs_ * n);
    const int64_t heads = a.q->shape[1] + (a.k ? a.k->shape[1] : 0);
    for_rows(threads_, n, heads * init_.head_size * 2, [&](int64_t t) {
      float *cosines = angles + 2 * pairs_ * t, *sines = cosines + pairs_;
      const Angle *low = table_ + positions[t] % kLow * pairs_,
                  *high = table_ + (kLow + positions[t] / kLow) * pairs_;
      for (int64_t p = 0; p < pairs_; ++p) {
        cosines[p] = float(high[p].cosine * low[p].cosine - high[p].sine * low[p].sine);
        sines[p] = float(high[p].sine * low[p].cosine + high[p].cosine * low[p].sine);
      }
      for (const fk_tensor* x : {a.q, a.k}) {
        if (!x) continue;
        char* row = static_cast<char*>(x->data) + t * x->strides[0] * type_bytes(type);
        for (int64_t h = 0; h < x->shape[1]; ++h)
          kernels().rotate[int(type)](row + h * x->strides[1] * type_bytes(type), cosines, sines,
                                      pairs_, init_.is_neox_style);
      }
    });
  }

 private:
  struct Angle {
    double cosine, sine;
  };

  double frequency(int64_t p) const {  // radians a position
    const double f = std::pow(init_.base, -2.0 * double(p) / double(init_.rotary_dim));
    if (init_.rope_type == FK_ROPE_TYPE_LINEAR) return f / init_.factor;
    if (init_.rope_type != FK_ROPE_TYPE_LLAMA3) return f;
    const double turns =
        double(init_.original_max_position_embeddings) * f / (2 * std::numbers::pi);
    if (turns < init_.low_freq_factor) return f / init_.factor;
    if (turns > init_.high_freq_factor) return f;
    const double keep =
        (turns - init_.low_freq_factor) / (init_.high_freq_factor - init_.low_freq_factor);
    return (1 - keep) * f / init_.factor + keep * f;
  }

  fk_rotary_embedding_init init_;
  int64_t pairs_, high_;
  Threads threads_;
  const Angle* table_ = nullptr;
};

FK_IMPL(fk::RotaryEmbedding, "cpu", "1.0.0", FK_IMPL_BITWISE, RotaryTables)

}  // namespace
}  // namespace fk::cpu
