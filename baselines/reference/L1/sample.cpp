// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/sample.h"

#include <cmath>

#include "../checks.hpp"
#include "../philox.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "sample";

class SampleLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_sample_init&) { support_cpu(device); }
  SampleLoops(Builder&, const fk_sample_init&) {}

  void forward(const Run& run, const fk_sample_args& a) const {
    require_shape(kTask, "logits", a.logits, {kAny, kAny});
    require_dtype(kTask, "logits", a.logits, kFloat32);
    const Tensor logits(a.logits);
    const int64_t m = logits.size(0), vocab = logits.size(1);
    FK_REQUIRE(m == 0 || vocab > 0, "%s: logits has no columns", kTask);
    const auto temperature = column<float>("temperature", a.temperature, kFloat32, m);
    const auto top_p = column<float>("top_p", a.top_p, kFloat32, m),
               min_p = column<float>("min_p", a.min_p, kFloat32, m);
    const auto top_k = column<int32_t>("top_k", a.top_k, kInt32, m);
    const auto seed = column<int64_t>("seed", a.seed, kInt64, m),
               offset = column<int64_t>("offset", a.offset, kInt64, m);
    const auto out = column<int32_t>("token_ids", a.token_ids, kInt32, m);
    Token* tokens = run.scratch<Token>(vocab);
    for (int64_t r = 0; r < m; ++r) {
      const float* row = logits.data<float>() + r * logits.stride(0);
      if (temperature[r] == 0) {
        out[r] = largest(row, vocab);
        continue;
      }
      FK_REQUIRE(temperature[r] > 0, "%s: temperature[%" PRId64 "] is %g, want 0 or more", kTask, r,
                 double(temperature[r]));
      const double u = (philox4x32_10(uint64_t(seed[r]), uint64_t(offset[r])) + 0.5) / 4294967296.0;
      const int64_t kept = keep(row, vocab, temperature[r], top_k[r], top_p[r], min_p[r], tokens);
      out[r] = invert(tokens, kept, u);
    }
  }

 private:
  struct Token {
    double p;  // not normalised; the largest is 1
    float logit;
    int32_t id;
  };

  template <class T>
  static T* column(const char* name, const fk_tensor* t, fk_dtype dtype, int64_t m) {
    require_shape(kTask, name, t, {m});
    require_dtype(kTask, name, t, dtype);
    return static_cast<T*>(t->data);
  }

  // A NaN is never drawn while there is anything else.
  static float value(float logit) { return std::isnan(logit) ? -INFINITY : logit; }

  static int32_t largest(const float* row, int64_t vocab) {
    int64_t best = 0;
    for (int64_t i = 1; i < vocab; ++i)
      if (value(row[i]) > value(row[best])) best = i;
    return int32_t(best);
  }

  // Fills `tokens` in falling logit and rising id and returns how many of them may be drawn.
  static int64_t keep(const float* row, int64_t vocab, double temperature, int64_t top_k,
                      double top_p, double min_p, Token* tokens) {
    const double top = value(row[largest(row, vocab)]);
    for (int64_t i = 0; i < vocab; ++i) {
      const float v = value(row[i]);
      tokens[i] = {v == top ? 1.0 : std::exp((double(v) - top) / temperature), v, int32_t(i)};
    }
    // Not by p: what lies below one's rounding makes ties of logits that are none.
    std::sort(tokens, tokens + vocab, [](const Token& a, const Token& b) {
      return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    });
    int64_t kept = vocab;
    while (kept > 1 && tokens[kept - 1].p < min_p) --kept;  // the largest p is 1
    if (top_k > 0) kept = std::min(kept, top_k);
    if (top_p < 1) {
      double total = 0, prefix = 0;
      for (int64_t i = 0; i < kept; ++i) total += tokens[i].p;
      int64_t i = 0;
      while (i < kept && prefix < top_p * total) prefix += tokens[i++].p;
      kept = std::max<int64_t>(i, 1);
    }
    return kept;
  }

  static int32_t invert(const Token* tokens, int64_t kept, double u) {
    double total = 0, cumulative = 0;
    for (int64_t i = 0; i < kept; ++i) total += tokens[i].p;
    for (int64_t i = 0; i < kept; ++i) {
      cumulative += tokens[i].p;
      if (cumulative > u * total) return tokens[i].id;
    }
    return tokens[kept - 1].id;
  }
};

FK_IMPL(fk::Sample, "reference", "1.0.0", FK_IMPL_BITWISE, SampleLoops)

}  // namespace
}  // namespace fk::reference
