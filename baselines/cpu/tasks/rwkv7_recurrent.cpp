// SPDX-License-Identifier: Apache-2.0
// The tasks of RWKV-7 that carry state from token to token: token_shift and the recurrence.
#include "../../reference/packed.hpp"
#include "common.hpp"
#include "fk/tasks/fused_recurrent_rwkv7.h"
#include "fk/tasks/token_shift.h"

namespace fk::cpu {
namespace {

using reference::Packed;

class TokenShiftRows {
 public:
  static void supports(fk_device device, int32_t, const fk_token_shift_init&) {
    support_cpu(device);
  }
  TokenShiftRows(Builder& b, const fk_token_shift_init&) : threads_(b.host) {}

  void forward(const Run& run, const fk_token_shift_args& a) const {
    require_shape("token_shift", "x", a.x, {kAny, kAny});
    const int64_t n = a.x->shape[0], width = a.x->shape[1];
    require_shape("token_shift", "cache", a.cache, {kAny, width});
    require_shape("token_shift", "delta", a.delta, {n, width});
    same_type("token_shift", "cache", a.cache, a.x);
    const Type type = same_type("token_shift", "delta", a.delta, a.x);
    const size_t bytes = size_t(width) * size_t(type_bytes(type));
    const Packed step("token_shift", run, n);
    char* zeros = run.scratch<char>(int64_t(bytes) + 1);
    std::memset(zeros, 0, bytes);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      const int64_t begin = step.begin(s), count = step.end(s) - begin;
      if (count == 0) continue;
      char* kept = row_of(a.cache, step.slot(s, a.cache->shape[0]));
      const char* before = step.begins(s) ? zeros : kept;
      for_rows(threads_, count, width, [&](int64_t r) {
        kernels().rwkv7.sub[int(type)](r ? row_of(a.x, begin + r - 1) : before,
                                       row_of(a.x, begin + r), row_of(a.delta, begin + r), width);
      });
      std::memcpy(kept, row_of(a.x, begin + count - 1), bytes);
    }
  }

 private:
  Threads threads_;
};

class RecurrentHeads {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_recurrent_rwkv7_init& i) {
    support_cpu(device);
    FK_SUPPORT(i.head_dim <= fkcpu::kMaxWkvDim, "head_dim is %" PRId64 ", want at most %d",
               i.head_dim, fkcpu::kMaxWkvDim);
  }
  RecurrentHeads(Builder& b, const fk_fused_recurrent_rwkv7_init& i)
      : heads_(i.num_heads), dim_(i.head_dim), threads_(b.host) {}

  void forward(const Run& run, const fk_fused_recurrent_rwkv7_args& a) const {
    constexpr const char* kTask = "fused_recurrent_rwkv7";
    const struct {
      const char* name;
      const fk_tensor* t;
    } operands[] = {{"r", a.r},   {"w", a.w}, {"k", a.k},    {"v", a.v},
                    {"kk", a.kk}, {"a", a.a}, {"out", a.out}};
    require_present(kTask, "r", a.r);
    const int64_t n = a.r->shape[0];
    for (const auto& [name, t] : operands) {
      require_shape(kTask, name, t, {n, heads_, dim_});
      same_type(kTask, name, t, a.r);
    }
    require_shape(kTask, "state", a.state, {kAny, heads_, dim_, dim_});
    require_dtype(kTask, "state", a.state, kFloat32);
    const Type type = type_of(kTask, "r", a.r->dtype);
    const Packed step(kTask, run, n);
    for (int64_t s = 0; s < step.sequences(); ++s)  // before any thread works: checks may throw
      if (step.begin(s) != step.end(s)) step.slot(s, a.state->shape[0]);
    const auto one_head = [&](int64_t begin, int64_t end, int) {
      for (int64_t job = begin; job < end; ++job) {
        const int64_t s = job / heads_, h = job % heads_, first = step.begin(s),
                      tokens = step.end(s) - first;
        if (tokens == 0) continue;
        auto at = [&](const fk_tensor* t) { return row_of(t, first * heads_ + h); };
        float* state = a.state->strides[0] * step.slot(s, a.state->shape[0]) +
                       a.state->strides[1] * h + static_cast<float*>(a.state->data);
        const int64_t stride = a.state->strides[2];
        if (step.begins(s))
          for (int64_t i = 0; i < dim_; ++i) std::fill_n(state + i * stride, dim_, 0.0f);
        fkcpu::Wkv7Args w{at(a.r),   at(a.w), at(a.k), at(a.v), at(a.kk), at(a.a),
                          at(a.out), {},      tokens,  dim_,    state,    stride};
        for (int i = 0; i < 7; ++i) w.stride[i] = operands[i].t->strides[0];
        kernels().rwkv7.wkv7[int(type)](w);
      }
    };
    const int64_t jobs = step.sequences() * heads_;
    if (n * heads_ * dim_ * dim_ < 16384)
      one_head(0, jobs, 0);
    else
      threads_.parallel_for(jobs, one_head);
  }

 private:
  int64_t heads_, dim_;
  Threads threads_;
};

FK_IMPL(fk::TokenShift, "cpu", "1.0.0", FK_IMPL_BITWISE, TokenShiftRows)
FK_IMPL(fk::FusedRecurrentRwkv7, "cpu", "1.0.0", FK_IMPL_BITWISE, RecurrentHeads)

}  // namespace
}  // namespace fk::cpu
