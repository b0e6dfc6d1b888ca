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

}  // namespace
}  // namespace fk::judge
