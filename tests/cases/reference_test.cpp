// SPDX-License-Identifier: Apache-2.0
// What the reference says by itself: known answers worked out by hand or published, and its
// refusals word for word.
#include <gtest/gtest.h>

#include "baselines/reference/philox.hpp"
#include "baselines/reference/storage.hpp"
#include "core/base/error.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::cases {
namespace {

using test::Array;
using test::Json;
using test::kBf16;
using test::kF32;
using test::kI32;
using test::kI64;
using test::TaskRunner;

const test::TaskOptions kReference{.implementation = "reference"};

template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const core::Error& e) { return e.text(); }
  return "no error";
}

// Random123's known-answer vectors.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(reference::philox4x32_10(0, 0), 0x6627e8d5u);
  // Another draw and another key are other numbers.
  EXPECT_NE(reference::philox4x32_10(0, 1), reference::philox4x32_10(0, 0));
  EXPECT_NE(reference::philox4x32_10(1, 0), reference::philox4x32_10(0, 0));
}

TEST(Storage, BFloat16RoundsOnceToNearestEven) {
  const auto bits = [](double v) {
    reference::BFloat16 b;
    reference::narrow(v, b);
    return b.bits;
  };
  EXPECT_EQ(bits(1.0), 0x3f80);
  EXPECT_EQ(bits(1.00390625), 0x3f80);  // a tie goes to even
  EXPECT_EQ(bits(1.01171875), 0x3f82);  // likewise upwards
  EXPECT_EQ(bits(1.00390625 + 0x1p-40),
            0x3f81);  // above the tie, though its float is the tie itself
  EXPECT_EQ(bits(-1.00390625 - 0x1p-40), 0xbf81);
  EXPECT_EQ(bits(1e39), 0x7f80);
  EXPECT_TRUE(std::isnan(reference::widen(reference::BFloat16{bits(NAN)})));
}

struct Draw {
  double temperature = 1, top_k = 0, top_p = 1, min_p = 0, seed = 0, offset = 0;
};

int sample(const std::vector<double>& logits, const Draw& d) {
  TaskRunner task("sample", Json::object(), {}, kReference);
  const Array l(kF32, {1, int64_t(logits.size())}, logits), t(kF32, {1}, {d.temperature}),
      k(kI32, {1}, {d.top_k}), p(kF32, {1}, {d.top_p}), m(kF32, {1}, {d.min_p}),
      s(kI64, {1}, {d.seed}), o(kI64, {1}, {d.offset}), out(kI32, {1});
  task.run({{"logits", &l},
            {"temperature", &t},
            {"top_k", &k},
            {"top_p", &p},
            {"min_p", &m},
            {"seed", &s},
            {"offset", &o},
            {"token_ids", &out}});
  return int(out.at(0));
}

TEST(Sample, GreedyTakesTheLowestIdAmongEquals) {
  EXPECT_EQ(sample({1, 5, 5, 2}, {.temperature = 0}), 1);
  EXPECT_EQ(sample({NAN, -INFINITY, -3}, {.temperature = 0}), 2);
}

// u of (seed 0, offset 0) is 0x6627e8d5 / 2^32 = 0.399.
TEST(Sample, InvertsInFallingLogitAndRisingId) {
  const std::vector<double> even = {0, 0, 0, 0};  // 0.25 each, in the order of the ids
  EXPECT_EQ(sample(even, {}), 1);
  EXPECT_EQ(sample(even, {.top_k = 1}), 0);
  EXPECT_EQ(sample(even, {.top_p = 0.2}), 0);
  EXPECT_EQ(sample(even, {.top_p = 0.3}), 0);  // two of them reach 0.3; 0.399 of those is the first
  const std::vector<double> rising = {std::log(0.1), std::log(0.2), std::log(0.3), std::log(0.4)};
  EXPECT_EQ(sample(rising, {}), 3);                    // 0.4 comes first
  EXPECT_EQ(sample(rising, {.temperature = 100}), 2);  // nearly even: 3, 2, 1, 0
  EXPECT_EQ(sample({std::log(0.3), std::log(0.7), std::log(0.2)}, {.min_p = 0.9}), 1);
  // Equal probabilities, as far as doubles tell, of logits that are not.
  EXPECT_EQ(sample({0, 1e-40, 0}, {.top_k = 1}), 1);
}

TEST(Sample, FollowsTheDistribution) {
  const std::vector<double> logits = {std::log(0.5), std::log(0.3), std::log(0.2)};
  int count[3] = {};
  for (int i = 0; i < 600; ++i) ++count[sample(logits, {.seed = 9, .offset = double(i)})];
  EXPECT_NEAR(count[0], 300, 45);
  EXPECT_NEAR(count[1], 180, 40);
  EXPECT_NEAR(count[2], 120, 35);
}

TEST(RmsNorm, ByHand) {
  TaskRunner norm("rms_norm", {{"hidden_size", 2}, {"eps", 0.0}},
                  {{"weight", Array(kF32, {2}, {1, 2})}}, kReference);
  const Array x(kF32, {1, 2}, {1, 3}), residual(kF32, {1, 2}, {2, 1}), y(kF32, {1, 2});
  norm.run({{"x", &x}, {"residual", &residual}, {"y", &y}});
  EXPECT_EQ(residual.values(), (std::vector<double>{3, 4}));
  EXPECT_NEAR(y.at(0), 3 / std::sqrt(12.5), 1e-6);
  EXPECT_NEAR(y.at(1), 2 * 4 / std::sqrt(12.5), 1e-6);
}

TEST(Refusals, NameTheTaskTheTensorAndWhatWasExpected) {
  test::TaskOptions options = kReference;
  options.layers = {};
  EXPECT_EQ(refusal([&] {
              TaskRunner linear("linear", {{"in_features", 3}, {"out_features", 2}},
                                {{"weight", Array(kF32, {2, 3})}}, options);
              const Array x(kF32, {4, 5}), y(kF32, {4, 2});
              linear.run({{"x", &x}, {"y", &y}});
            }),
            "linear (reference/reference 1.0.0): linear: x is [4, 5], want [*, 3]");
  EXPECT_EQ(refusal([&] {
              TaskRunner embedding("embedding", {{"num_embeddings", 3}, {"embedding_dim", 2}},
                                   {{"weight", Array(kF32, {3, 2})}}, options);
              const Array ids(kI32, {2}, {1, 3}), y(kF32, {2, 2});
              embedding.run({{"ids", &ids}, {"y", &y}});
            }),
            "embedding (reference/reference 1.0.0): embedding: ids[1] is 3, want 0 to 2");
  EXPECT_EQ(refusal([&] {
              TaskRunner silu("silu_and_mul", Json::object(), {}, options);
              const Array x(kF32, {1, 5}), y(kF32, {1, 2});
              silu.run({{"x", &x}, {"y", &y}});
            }),
            "silu_and_mul (reference/reference 1.0.0): silu_and_mul: x is [1, 5], want [1, 4]");
}

TEST(Refusals, TensorParallelNeedsAService) {
  const std::string text = refusal([] {
    TaskRunner("all_reduce", {{"tp_size", 2}}, {}, kReference);
  });
  EXPECT_NE(
      text.find("sums over 2 ranks need the service fk.comm/1, which this host does not offer"),
      text.npos)
      << text;
}

TEST(Composites, RefuseSharesThatDoNotDivide) {
  const std::string text = refusal([] {
    TaskRunner("column_parallel_linear", {{"in_features", 4}, {"out_features", 6}, {"tp_size", 4}},
               {}, {});
  });
  EXPECT_NE(text.find("out_features is 6, which does not divide over 4 tensor-parallel ranks"),
            text.npos)
      << text;
}

// Half the heads and features a rank: what the params' shapes say.
TEST(Composites, TensorParallelDividesFeatures) {
  const auto params = test::params_of("qkv_parallel_linear", {{"hidden_size", 8},
                                                              {"head_size", 4},
                                                              {"total_num_heads", 4},
                                                              {"total_num_kv_heads", 2},
                                                              {"tp_size", 2}});
  ASSERT_EQ(params.size(), 1u);
  EXPECT_EQ(params[0].path, "weight");
  EXPECT_EQ(params[0].shape, (std::vector<int64_t>{16, 8}));
}

}  // namespace
}  // namespace fk::cases
