// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/model.hpp"

#include <filesystem>

#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"
#include "tests/unit/runtime/allocations.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

const core::Catalog& with_honest() {
  static const core::Catalog c = [] {
    core::Catalog c(registry());
    c.add_folder(fs::path(FK_BUILD_DIR) / "plugins", core::Implementation::Kind::kBaseline);
    c.add_folder(fs::path(FK_BUILD_DIR) / "zoo/honest", core::Implementation::Kind::kCandidate);
    return c;
  }();
  return c;
}

const Json kMlp{{"hidden_size", 12}, {"intermediate_size", 20}};

Array run_mlp(const TaskOptions& options, const Array& x) {
  TaskRunner runner("llama_mlp", kMlp, random_params("llama_mlp", kMlp, 3), options, with_honest());
  Array y(kF32, x.shape());
  runner.run({{"x", &x}, {"y", &y}});
  return y;
}

TEST(Model, FusedEqualsComposed) {
  const Array x = Array::random(kF32, {5, 12}, 1);
  const Array composed = run_mlp(
      {.implementation = "composed", .pins = {"linear=reference", "silu_and_mul=reference"}}, x);
  EXPECT_LT(max_abs_error(run_mlp({.implementation = "honest/fused"}, x), composed), 1e-5);
  EXPECT_LT(max_abs_error(run_mlp({}, x), composed), 1e-5);
}

TEST(Model, DottedParamsHaveTheCompositesNames) {
  EXPECT_EQ(error_of([] {
              run_mlp({.implementation = "honest/misspelt"}, Array(kF32, {1, 12}));
            }),
            "llama_mlp (honest/misspelt 1.0.0): llama_mlp has no param \"gate_up_proj.weigth\" "
            "(did you mean "
            "'gate_up_proj.weight'?); it has down_proj.weight, gate_up_proj.weight");
}

// The init behind a borrowed instance is the host's own copy: it outlives the build.
TEST(Model, ABorrowedInstanceShowsItsInit) {
  const Json init{{"rotary_emb",
                   {{"head_size", 4},
                    {"rotary_dim", 2},
                    {"max_position_embeddings", 64},
                    {"base", 500.0},
                    {"is_neox_style", false}}}};
  TaskOptions options{.implementation = "honest/reads_init", .layers = {}};
  TaskRunner runner("rope_store_kvcache", init, {}, options, with_honest());
  const BatchStep step({1}, {0}, 4);
  Array q(kF32, {1, 1, 4}), k(kF32, {1, 1, 4}), keys(kF32, {1, 4, 1, 4}),
      values(kF32, {1, 4, 1, 4});
  const Array v(kF32, {1, 1, 4});
  runner.run({{"positions", &step.positions()},
              {"q", &q},
              {"k", &k},
              {"v", &v},
              {"key_cache", &keys},
              {"value_cache", &values}},
             step.get());
  EXPECT_EQ(q.values(), (std::vector<double>{2, 500, 0, 0}));
}

TEST(Model, AnOlderHostIsRefusedByWhatNeedsMore) {
  const std::string text = error_of([] {
    TaskRunner("silu_and_mul", Json::object(), {}, {.implementation = "honest/from_the_future"},
               with_honest());
  });
  EXPECT_NE(text.find(fmt::format("needs a host of ABI 1.1000, this one has 1.{}", FK_ABI_MINOR)),
            std::string::npos)
      << text;
}

TEST(Model, CountsWhatImplementationsKeep) {
  TaskOptions options{.implementation = "honest/fused"};
  TaskRunner runner("llama_mlp", kMlp, random_params("llama_mlp", kMlp, 3), options, with_honest());
  EXPECT_EQ(runner.model().retained_bytes(), 12u * 20 * 4);
}

TEST(Model, MissingWeightNamesTheParam) {
  const std::string text = error_of([] {
    TaskRunner("linear", {{"in_features", 3}, {"out_features", 2}},
               {{"wieght", Array(kF32, {2, 3})}}, {.implementation = "reference"});
  });
  EXPECT_NE(text.find("weight"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("linear (reference/reference 1.0.0): ")) << text;
}

TEST(Model, OnStepRunsOnceAStep) {
  for (int threads : {1, 3}) {
    TaskOptions options{.implementation = "honest/steps", .threads = threads};
    TaskRunner runner("silu_and_mul", Json::object(), {}, options, with_honest());
    const Array x(kF32, {7, 4});
    Array y(kF32, {7, 2});
    for (int step = 1; step <= 3; ++step) {
      runner.run({{"x", &x}, {"y", &y}});
      EXPECT_EQ(y.at(13), step);
    }
  }
}

TEST(Model, CandidatePolicyFallsBackToTheBaseline) {
  core::BuildOptions options;
  options.dry = true;
  options.policy = core::Policy::parse("candidate:honest/fused");
  const auto model = core::Model::build(with_honest(), nullptr, "llama_mlp", kMlp, options);
  EXPECT_EQ(model->plan().choices.at(0).implementation, "honest/fused");
  EXPECT_EQ(model->plan().choices.at(0).reason, "policy candidate:honest/fused");
  Json biased = kMlp;
  biased["bias"] = true;
  options.policy.pins.push_back(core::Pin::parse("linear=reference"));
  const auto other = core::Model::build(with_honest(), nullptr, "llama_mlp", biased, options);
  EXPECT_EQ(other->plan().choices.at(0).implementation, "composed/composed");
  EXPECT_EQ(other->plan().choices.at(0).rejected,
            std::vector<std::string>{"honest/fused: plain weights without bias only"});
}

// Forward calls, layers off: nothing is allocated once the scratch arena has found its size.
TEST(Model, NoAllocationAfterWarmUp) {
  for (const char* implementation : {"composed", "honest/fused"}) {
    TaskOptions options{.implementation = implementation, .threads = 2, .layers = {}};
    TaskRunner runner("llama_mlp", kMlp, random_params("llama_mlp", kMlp, 3), options,
                      with_honest());
    const Array x = Array::random(kF32, {5, 12}, 1);
    Array y(kF32, {5, 12});
    core::StructValue args = core::StructValue::args(runner.model().task());
    args.set("x", x.tensor());
    args.set("y", y.tensor());
    // A thread that comes to its first piece late, on a busy machine, makes its thread-local data
    // then: a hundred calls in a row without anything new have to come, not the first hundred.
    constexpr int kWarm = 3, kRow = 100, kMost = 10;
    for (int i = 0; i < kWarm; ++i) runner.model().run(nullptr, args.data());
    uint64_t more = 1;
    for (int row = 0; row < kMost && more > 0; ++row) {
      const uint64_t before = allocation_count();
      for (int i = 0; i < kRow; ++i) runner.model().run(nullptr, args.data());
      more = allocation_count() - before;
    }
    EXPECT_EQ(more, 0u) << implementation;
    EXPECT_GT(allocation_count(), 0u);
  }
}

TEST(Model, FrozenArenaRefusesToGrow) {
  TaskOptions options{.implementation = "honest/fused", .layers = {}};
  TaskRunner runner("llama_mlp", kMlp, random_params("llama_mlp", kMlp, 3), options, with_honest());
  runner.model().freeze();  // before anything ran: there is no scratch at all
  const Array x(kF32, {1, 12});
  Array y(kF32, {1, 12});
  EXPECT_EQ(error_of([&] {
              runner.run({{"x", &x}, {"y", &y}});
            }),
            "llama_mlp (honest/fused 1.0.0): the scratch arena is frozen at 0 bytes, 160 more are "
            "asked for");
}

TEST(Model, ValidateChecksArgs) {
  TaskRunner runner("silu_and_mul", Json::object(), {}, {.implementation = "reference"});
  const std::string who = "silu_and_mul (reference/reference 1.0.0): validate: ";
  const Array x(kF32, {2, 6}), wide(kF32, {2, 7}), half(kBf16, {2, 6}), flat(kF32, {12});
  Array y(kF32, {2, 3});
  EXPECT_EQ(error_of([&] { runner.run({{"x", &x}}); }), who + "y is missing");
  EXPECT_EQ(error_of([&] {
              runner.run({{"x", &wide}, {"y", &y}});
            }),
            who + "x is float32 [2, 7], expected [n, 2*d]: 2*d is 6 here");
  EXPECT_EQ(error_of([&] {
              runner.run({{"x", &half}, {"y", &y}});
            }),
            who + "x has dtype bfloat16, expected float32");
  EXPECT_EQ(error_of([&] {
              runner.run({{"x", &flat}, {"y", &y}});
            }),
            who + "x is float32 [12], expected 2 dimensions [n, 2*d]");
  int64_t shape[2]{2, 6}, strides[2]{1, 2};
  const fk_tensor columns{
      const_cast<uint8_t*>(x.bytes().data()), {FK_CPU, 0}, 2, kF32, shape, strides, 0};
  EXPECT_EQ(error_of([&] {
              runner.run_tensors({{"x", &columns}, {"y", y.tensor()}});
            }),
            who + "x has stride 2 in its last dimension, expected 1");
  EXPECT_NO_THROW(runner.run({{"x", &x}, {"y", &y}}));
}

// y may be x itself, and residual is updated in place: the validate layer lets both through with
// the right values.
TEST(Model, ValidateAllowsInPlace) {
  TaskRunner runner("rms_norm", {{"hidden_size", 4}}, {{"weight", Array(kF32, {4}, {1, 2, 3, 4})}},
                    {.implementation = "reference"});
  Array x(kF32, {1, 4}, {1, 2, 3, 4}), residual(kF32, {1, 4}, {1, 1, 1, 1}), y(kF32, {1, 4});
  Array x2 = x, residual2 = residual;
  runner.run({{"x", &x}, {"residual", &residual}, {"y", &y}});
  runner.run({{"x", &x2}, {"residual", &residual2}, {"y", &x2}});
  EXPECT_EQ(residual.values(), (std::vector<double>{2, 3, 4, 5}));
  EXPECT_EQ(residual2.values(), residual.values());
  EXPECT_EQ(x2.values(), y.values());
  EXPECT_EQ(x.values(), (std::vector<double>{1, 2, 3, 4}));
}

// y lies over the first half of x: no copy can stand for both, so both go through as they are.
TEST(Model, ValidateAllowsOverlap) {
  TaskRunner runner("silu_and_mul", Json::object(), {}, {.implementation = "reference"});
  const Array before = Array::random(kF32, {2, 6}, 5);
  Array x = before, y(kF32, {2, 3});
  runner.run({{"x", &before}, {"y", &y}});
  int64_t shape[2]{2, 3}, strides[2]{6, 1};
  const fk_tensor half{x.data<float>(), {FK_CPU, 0}, 2, kF32, shape, strides, 0};
  runner.run_tensors({{"x", x.tensor()}, {"y", &half}});
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(x.at(i / 3 * 6 + i % 3), y.at(i)) << i;
}

TEST(Model, TimesEveryNode) {
  TaskOptions options{.implementation = "composed", .layers = {.time = true}};
  TaskRunner runner("llama_mlp", kMlp, random_params("llama_mlp", kMlp, 3), options, with_honest());
  const Array x(kF32, {1, 12});
  Array y(kF32, {1, 12});
  for (int i = 0; i < 4; ++i) runner.run({{"x", &x}, {"y", &y}});
  const Json t = runner.model().timings();
  ASSERT_EQ(t.size(), runner.model().plan().choices.size());
  double self = 0;
  for (const Json& row : t) {
    EXPECT_EQ(row["calls"], 4);
    self += row["self_seconds"].get<double>();
  }
  EXPECT_EQ(t[0]["task"], "llama_mlp");
  EXPECT_NEAR(self, t[0]["seconds"].get<double>(), 1e-9);
}

}  // namespace
}  // namespace fk::test
