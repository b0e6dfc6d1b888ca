// SPDX-License-Identifier: Apache-2.0
// A candidate for paged_attention that decodes: one query of one head against its keys as they lie
// in the cache. The baseline packs keys and values into panels first, which pays where many queries
// share them and not for one; so this wins decode steps and loses prefill.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "attention_checks.hpp"  // `fk new candidate paged_attention NAME` writes it

namespace fk::candidate {
namespace {

// Any machine computes with these. As wide as its registers: the compiler takes wider ones apart by
// way of memory.
#ifdef __AVX512F__
constexpr int kBytes = 64;
#else
constexpr int kBytes = 32;
#endif
using V [[gnu::vector_size(kBytes)]] = float;
using I [[gnu::vector_size(kBytes)]] = int32_t;
constexpr int64_t kWidth = kBytes / 4, kStep = 4 * kWidth;  // of a head's numbers at a time

inline void load(V& v, const float* p) { std::memcpy(&v, p, sizeof v); }
inline void store(float* p, const V& v) { std::memcpy(p, &v, sizeof v); }

inline float sum_of(const V& v) {
  using Quarter [[gnu::vector_size(16)]] = float;
  Quarter quarters[kBytes / 16];
  std::memcpy(quarters, &v, sizeof v);
  for (int i = kBytes / 32; i > 0; i /= 2)
    for (int j = 0; j < i; ++j) quarters[j] += quarters[i + j];
  const Quarter q = quarters[0];
  return (q[0] + q[1]) + (q[2] + q[3]);
}

// exp(x) of x <= 0: 2^n * exp(r) with |r| <= ln(2) / 2.
inline void exp_of(V& x) {
  x = x < -87.0f ? x * 0 - 87.0f : x;
  const I n =
      __builtin_convertvector(x * 1.44269504f - 0.5f, I);  // to nearest, as x is not above 0
  const V whole = __builtin_convertvector(n, V);
  const V r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  V p = r * (1 / 720.0f) + 1 / 120.0f;
  for (const float c : {1 / 24.0f, 1 / 6.0f, 0.5f, 1.0f, 1.0f}) p = p * r + c;
  x = p * (V)((n + 127) << 23);
}

// A head's keys or values of one sequence, [first, end) of them.
struct Rows {
  const float* data;
  int64_t block_stride, stride, block_size;
  const int32_t* table;
  int64_t first, end;

  // body(i, row) for the i-th of them, i from 0.
  template <class F>
  void each(const F& body) const {
    for (int64_t key = first; key < end;) {
      const float* row = data + table[key / block_size] * block_stride + key % block_size * stride;
      const int64_t last = std::min(end, (key / block_size + 1) * block_size);
      for (; key < last; ++key, row += stride) body(key - first, row);
    }
  }
};

// out = softmax(scale * q . keys) * values; `p` has room for every key and a register.
void attend(const float* q, const Rows& keys, const Rows& values, int64_t size, float scale,
            float* p, float* out) {
  const int64_t count = keys.end - keys.first;
  float largest = -INFINITY, total = 0;
  keys.each([&](int64_t i, const float* k) {
    V x[4], y[4], sum{};
    for (int64_t d = 0; d < size; d += kStep) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) load(x[j], q + d + j * kWidth), load(y[j], k + d + j * kWidth);
      sum += (x[0] * y[0] + x[1] * y[1]) + (x[2] * y[2] + x[3] * y[3]);
    }
    p[i] = sum_of(sum) * scale;
  });
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, p[i]);
  for (int64_t i = 0; i < count; i += kWidth) {
    V e;
    load(e, p + i);
    e -= largest;
    exp_of(e);
    store(p + i, e);
  }
  for (int64_t i = 0; i < count; ++i) total += p[i];
  for (int64_t d = 0; d < size; d += kStep) {
    V sum[4] = {};
    values.each([&](int64_t i, const float* v) {
      V y;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) load(y, v + d + j * kWidth), sum[j] += p[i] * y;
    });
    for (int j = 0; j < 4; ++j) store(out + d + j * kWidth, sum[j] * (count ? 1 / total : 0));
  }
}

class Attention {
 public:
  static void supports(fk_device device, int32_t, const fk_paged_attention_init& i) {
    support_cpu(device);
    FK_SUPPORT(i.head_size % kStep == 0, "needs heads of a multiple of %d", int(kStep));
    FK_SUPPORT(!i.alibi && i.logits_soft_cap == 0, "has neither ALiBi nor a soft cap");
  }

  Attention(Builder& b, const fk_paged_attention_init& i) : init_(i), threads_(b.host) {
    FK_SUPPORT(b.dtype() == kFloat32, "needs float32");
    require_groups("paged_attention", i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    const int64_t n = require_paged_attention(init_, a, step), heads = init_.num_heads;
    const int64_t group = heads / init_.num_kv_heads, room = step.max_seq_len + kWidth;
    float* scores = run.scratch<float>(room * threads_.count());
    const Tensor q(a.q), k(a.key_cache), v(a.value_cache), out(a.out), table(step.block_table);
    const int32_t* starts = Tensor(step.query_start_loc).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens).data<int32_t>();
    threads_.parallel_for(n * heads, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / heads, head = i % heads, kv = head / group;
        const int64_t s = std::upper_bound(starts, starts + step.num_seqs, row) - starts - 1;
        const int64_t seen = lengths[s] ? lengths[s] + 1 - (starts[s + 1] - row) : 0;  // 0: it pads
        const auto& window = init_.sliding_window;
        const int64_t first = window.has ? std::max<int64_t>(0, seen - window.value) : 0;
        const auto rows = [&](const Tensor& t) {
          return Rows{
              t.data<float>() + kv * t.stride(2),          t.stride(0), t.stride(1), t.size(1),
              table.data<int32_t>() + s * table.stride(0), first,       seen};
        };
        attend(q.data<float>() + row * q.stride(0) + head * q.stride(1), rows(k), rows(v),
               init_.head_size, float(init_.scale), scores + thread * room,
               out.data<float>() + row * out.stride(0) + head * out.stride(1));
      }
    });
  }

 private:
  fk_paged_attention_init init_;
  Threads threads_;
};

FK_IMPL(fk::PagedAttention, "rows", "1.0.0", 0, Attention)

}  // namespace
}  // namespace fk::candidate
