// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/sample.h"

#include <cmath>

#include "../../reference/philox.hpp"
#include "common.hpp"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "sample";

struct Token {
  double p;  // not normalised; the largest is 1
  float logit;
  int32_t id;
};
// Not by p: what lies below one's rounding makes ties of logits that are none.
bool before(const Token& a, const Token& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// Tokens in falling probability and rising id, sorted only as far as someone looks: a draw seldom
// needs more than the first few of 50,000.
class Ranking {
 public:
  Ranking(Token* tokens, int64_t count) : tokens_(tokens), count_(count) {}
  int64_t count() const { return count_; }
  void keep_first(int64_t n) { count_ = (sort_to(n), n); }
  const Token& operator[](int64_t i) {
    if (i >= sorted_) sort_to(std::min(count_, std::max<int64_t>(64, 8 * i)));
    return tokens_[i];
  }

 private:
  void sort_to(int64_t n) {
    if (n <= sorted_) return;
    if (n < count_) std::nth_element(tokens_ + sorted_, tokens_ + n, tokens_ + count_, before);
    std::sort(tokens_ + sorted_, tokens_ + n, before);
    sorted_ = n;
  }

  Token* tokens_;
  int64_t count_, sorted_ = 0;
};

class SampleRows {
 public:
  static void supports(fk_device device, int32_t, const fk_sample_init&) { support_cpu(device); }
  SampleRows(Builder& b, const fk_sample_init&) : threads_(b.host) {}

  void forward(const Run& run, const fk_sample_args& a) const {
    require_shape(kTask, "logits", a.logits, {kAny, kAny});
    require_dtype(kTask, "logits", a.logits, kFloat32);
    const int64_t m = a.logits->shape[0], vocab = a.logits->shape[1];
    FK_REQUIRE(m == 0 || vocab > 0, "%s: logits has no columns", kTask);
    const auto temperature = column<float>("temperature", a.temperature, kFloat32, m);
    const auto top_p = column<float>("top_p", a.top_p, kFloat32, m),
               min_p = column<float>("min_p", a.min_p, kFloat32, m);
    const auto top_k = column<int32_t>("top_k", a.top_k, kInt32, m);
    const auto seed = column<int64_t>("seed", a.seed, kInt64, m),
               offset = column<int64_t>("offset", a.offset, kInt64, m);
    const auto out = column<int32_t>("token_ids", a.token_ids, kInt32, m);
    bool greedy = true;
    for (int64_t r = 0; r < m; ++r) {
      FK_REQUIRE(temperature[r] >= 0, "%s: temperature[%" PRId64 "] is %g, want 0 or more", kTask,
                 r, double(temperature[r]));
      greedy = greedy && temperature[r] == 0;
    }
    Token* space = greedy ? nullptr : run.scratch<Token>(vocab * threads_.count());
    const auto body = [&](int64_t begin, int64_t end, int thread) {
      for (int64_t r = begin; r < end; ++r) {
        const float* row = static_cast<const float*>(a.logits->data) + r * a.logits->strides[0];
        if (temperature[r] == 0) {
          out[r] = int32_t(kernels().argmax(row, vocab));
          continue;
        }
        const double u =
            (reference::philox4x32_10(uint64_t(seed[r]), uint64_t(offset[r])) + 0.5) / 4294967296.0;
        out[r] = draw(row, vocab, temperature[r], top_k[r], top_p[r], min_p[r], u,
                      space + thread * vocab);
      }
    };
    if (m == 1) return body(0, 1, 0);
    threads_.parallel_for(m, body);
  }

 private:
  template <class T>
  static T* column(const char* name, const fk_tensor* t, fk_dtype dtype, int64_t m) {
    require_shape(kTask, name, t, {m});
    require_dtype(kTask, name, t, dtype);
    return static_cast<T*>(t->data);
  }

  // A NaN is never drawn while there is anything else.
  static float value(float logit) { return std::isnan(logit) ? -INFINITY : logit; }

  static int32_t draw(const float* row, int64_t vocab, double temperature, int64_t top_k,
                      double top_p, double min_p, double u, Token* tokens) {
    const int64_t largest = kernels().argmax(row, vocab);
    const double top = value(row[largest]);
    int64_t count = 0;
    for (int64_t i = 0; i < vocab; ++i) {
      const float v = value(row[i]);
      const double p = v == top ? 1.0 : std::exp((double(v) - top) / temperature);
      if (p >= min_p || i == largest) tokens[count++] = {p, v, int32_t(i)};
    }
    Ranking ranking(tokens, count);
    if (top_k > 0 && top_k < count) ranking.keep_first(top_k);
    double total = 0;
    for (int64_t i = 0; i < ranking.count(); ++i) total += tokens[i].p;
    if (top_p < 1) {
      double prefix = 0;
      int64_t i = 0;
      while (i < ranking.count() && prefix < top_p * total) prefix += ranking[i++].p;
      ranking.keep_first(std::max<int64_t>(i, 1));
      total = i > 0 ? prefix : tokens[0].p;
    }
    double cumulative = 0;
    for (int64_t i = 0; i < ranking.count(); ++i) {
      cumulative += ranking[i].p;
      if (cumulative > u * total) return ranking[i].id;
    }
    return ranking[ranking.count() - 1].id;
  }

  Threads threads_;
};

FK_IMPL(fk::Sample, "cpu", "1.0.0", FK_IMPL_BITWISE, SampleRows)

}  // namespace
}  // namespace fk::cpu
