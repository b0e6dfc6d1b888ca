// SPDX-License-Identifier: Apache-2.0
// The exploit corpus on a card: run where FK_TEST_DEVICE names one.
#include "core/judge/timing/bench.hpp"
#include "tests/judge/court.hpp"
#include "tests/support/test_device.hpp"

namespace fk::judge {
namespace {

std::vector<std::string> card_corpus(const std::string& kind) {
  return test::test_device().type == FK_CPU ? std::vector<std::string>() : corpus(kind + "/cuda");
}

Judge& court(bool gate) {
  const auto options = [](bool gate) {
    JudgeOptions o = court_options();
    o.runner.device = test::test_device();
    o.gate = gate;
    o.deadline = 5;
    return o;
  };
  static Judge with(test::registry(), options(true)), without(test::registry(), options(false));
  return gate ? with : without;
}

// Against the same code without the cheat.
BenchResult timed(const PluginFile& p, const std::string& id) {
  const PluginFile plain = corpus_plugin("cuda/honest", "plain");
  BenchOptions options;
  options.budget = 1;
  options.bytes = size_t{32} << 20;
  options.most_slots = 64;
  for (const cases::Case& c : bench_cases(test::registry().task("silu_and_mul")))
    if (c.name.starts_with("smollm2"))
      return bench_case(court(false), "silu_and_mul", c, {&p, id}, {&plain, "plain/x"}, options);
  return {};
}

class CudaEvil : public testing::TestWithParam<std::string> {};
class CudaHonest : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CudaEvil);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CudaHonest);

// Without the gate: the others must hold alone.
TEST_P(CudaEvil, DoesNotGetThrough) {
  const PluginFile p = corpus_plugin("cuda/evil", GetParam());
  const std::string id = GetParam() + "/x";
  const CheckRecord r = court(false).check(p, "silu_and_mul", id);
  if (r.passed()) {  // right, and dishonest about its time: that is to be of no use
    const BenchResult t = timed(p, id);
    EXPECT_NE(t.code, "FAST") << t.speedup.low << " to " << t.speedup.high << " " << t.text;
    EXPECT_NE(t.rounds + (t.code == "REFUSED"), 0u) << t.code << " " << t.text;
  }
  RecordProperty("why", failures(r).substr(0, 200));
  // And whoever comes next is judged as if nothing had been.
  const PluginFile plain = corpus_plugin("cuda/honest", "plain");
  const CheckRecord after = court(false).check(plain, "silu_and_mul", "plain/x");
  EXPECT_TRUE(after.passed()) << failures(after);
}
INSTANTIATE_TEST_SUITE_P(Corpus, CudaEvil, testing::ValuesIn(card_corpus("evil")),
                         [](const auto& info) { return info.param; });

TEST_P(CudaHonest, PassesFromAGraph) {
  const PluginFile p = corpus_plugin("cuda/honest", GetParam());
  const CheckRecord r = court(true).check(p, "silu_and_mul", GetParam() + "/x");
  EXPECT_TRUE(r.passed()) << failures(r);
  for (const CaseResult& c : r.cases)
    if (c.passed()) { EXPECT_EQ(c.track, "graph") << c.name; }
}
INSTANTIATE_TEST_SUITE_P(Corpus, CudaHonest, testing::ValuesIn(card_corpus("honest")),
                         [](const auto& info) { return info.param; });

// Behind a kernel that writes the inputs of every timed call. What is right where nothing writes
// them passes the check; what is timed shows it.
class CudaChain : public testing::TestWithParam<std::string> {
 protected:
  // `why`: how the text begins.
  static void expect_refusal_of_its_timed_calls(const std::string& name, const std::string& why) {
    const PluginFile p = corpus_plugin("cuda/evil", name);
    const CheckRecord r = court(false).check(p, "silu_and_mul", name + "/x");
    EXPECT_TRUE(r.passed()) << failures(r);
    const BenchResult t = timed(p, name + "/x");
    EXPECT_EQ(t.code, "REFUSED") << t.speedup.low << " to " << t.speedup.high;
    EXPECT_TRUE(t.text.starts_with(why)) << t.text;
  }
};

TEST_P(CudaChain, WhatReadsBeforeItWaitsIsRefused) {
  expect_refusal_of_its_timed_calls("t14_reads_before_the_wait", "y");
}

TEST_P(CudaChain, WhatChangesItsInputsIsRefused) {
  expect_refusal_of_its_timed_calls("s2_writes_input_beside_output", "x, an input,");
}

TEST_P(CudaChain, WhatWaitsIsTimedWithoutTheKernelBefore) {
  const BenchResult t = timed(corpus_plugin("cuda/honest", "waits_for_the_call_before"),
                              "waits_for_the_call_before/x");
  ASSERT_NE(t.code, "REFUSED") << t.text;
  EXPECT_EQ(t.track, "graph");
  EXPECT_TRUE(t.l2_state.starts_with("in a chain")) << t.l2_state;
  const double lead = t.card.value("lead_seconds", 0.0);
  EXPECT_GT(lead, 2e-6);
  EXPECT_LT(lead, 50e-6);
  EXPECT_GT(t.candidate.p50, 100e-9) << "a call is longer than the least that is counted";
  EXPECT_LT(t.candidate.p50, t.card.at("slope").at("candidate_events").get<double>());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CudaChain);
INSTANTIATE_TEST_SUITE_P(Chain, CudaChain,
                         testing::ValuesIn(test::test_device().type == FK_CPU
                                               ? std::vector<std::string>()
                                               : std::vector<std::string>{"card"}),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fk::judge
