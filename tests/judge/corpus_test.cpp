// SPDX-License-Identifier: Apache-2.0
// The exploit corpus: none of tests/plugins/evil gets through, all of tests/plugins/honest do.
#include "core/base/sanitized.hpp"
#include "core/judge/gate/gate.hpp"
#include "core/judge/timing/bench.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

Judge& court(bool gate) {
  static JudgeOptions open = court_options(), closed = court_options();
  open.gate = false;
  open.deadline = closed.deadline = 1.5;
  static Judge with(test::registry(), closed), without(test::registry(), open);
  return gate ? with : without;
}

// Against the same code without the cheat.
BenchResult timed(const PluginFile& p, const std::string& id) {
  const PluginFile plain = corpus_plugin("honest", "plain");
  BenchOptions options;
  options.budget = 0.5;
  options.bytes = size_t{4} << 20;
  options.most_slots = 128;
  for (const cases::Case& c : bench_cases(test::registry().task("silu_and_mul")))
    if (c.name.starts_with("smollm2"))
      return bench_case(court(false), "silu_and_mul", c, {&p, id}, {&plain, "plain/x"}, options);
  return {};
}

// What computes everything that it is asked for and gains nothing by its tricks.
const std::set<std::string> kOnlyUseless = {"t2_hijacks_worker", "t5_batch_and_skip",
                                            "t6_memo_by_content"};

class Evil : public testing::TestWithParam<std::string> {};

// Without the gate: the others must hold alone.
TEST_P(Evil, DoesNotGetThrough) {
  const PluginFile p = corpus_plugin("evil", GetParam());
  const std::string id = GetParam() + "/x";
  const auto begin = Clock::now();
  const CheckRecord r = court(false).check(p, "silu_and_mul", id);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (r.passed()) {  // right, and dishonest about its time: that is to be of no use
    const BenchResult t = timed(p, id);
    EXPECT_NE(t.code, "FAST") << t.speedup.low << " to " << t.speedup.high;
    EXPECT_TRUE(kOnlyUseless.contains(GetParam()) || t.code == "REFUSED") << t.code;
  }
  EXPECT_LT(seconds, 12) << "every lost Runner costs its deadline";
  RecordProperty("why", failures(r).substr(0, 200));
}
// A sanitizer's build has no sandbox, so nothing is said there of those that it stops.
std::vector<std::string> evil() {
  std::vector<std::string> names = corpus("evil");
  if (core::kSanitized)
    std::erase_if(names, [](const std::string& n) { return n[0] == 'c' || n[0] == 't'; });
  return names;
}
INSTANTIATE_TEST_SUITE_P(Corpus, Evil, testing::ValuesIn(evil()),
                         [](const auto& info) { return info.param; });

class Honest : public testing::TestWithParam<std::string> {};

TEST_P(Honest, Passes) {
  const PluginFile p = corpus_plugin("honest", GetParam());
  const CheckRecord r = court(true).check(p, "silu_and_mul", GetParam() + "/x");
  EXPECT_TRUE(r.passed()) << failures(r);
}
INSTANTIATE_TEST_SUITE_P(Corpus, Honest, testing::ValuesIn(corpus("honest")),
                         [](const auto& info) { return info.param; });

TEST(Gate, NamesTheForbiddenImport) {
  const auto refusals = [](const char* name) {
    return inspect_library(corpus_plugin("evil", name).so).refusals;
  };
  EXPECT_EQ(refusals("t2_thread"),
            (std::vector<std::string>{
                "imports pthread_create: a plugin that starts threads or processes"}));
  EXPECT_EQ(
      refusals("c3_ptrace"),
      (std::vector<std::string>{"imports ptrace: a plugin that reads or writes other memory"}));
  EXPECT_EQ(refusals("c12_forks").size(), 1u);
  EXPECT_EQ(refusals("s3_zeros").size(), 0u);
  EXPECT_EQ(
      court(true).check(corpus_plugin("evil", "c12_forks"), "silu_and_mul", "c12_forks/x").refusal,
      "gate: imports fork: a plugin that starts threads or processes");
}

TEST(Gate, ShowsWhatIsOdd) {
  const GateReport raw = inspect_library(corpus_plugin("evil", "c4_raw_call_at_load").so);
  EXPECT_EQ(raw.refusals.size(), 0u);  // it imports nothing: that is the point of it
  ASSERT_GE(raw.flags.size(), 1u);
  // A sanitizer brings two of its own.
  const int own = core::kSanitized ? 2 : 0;
  EXPECT_EQ(raw.flags[0], fmt::format("runs {} constructors when it is opened", 1 + own));
#if defined(__x86_64__)
  ASSERT_EQ(raw.flags.size(), 2u);
  EXPECT_NE(raw.flags[1].find("system call instructions"), std::string::npos);
#endif
  EXPECT_EQ(inspect_library(corpus_plugin("honest", "plain").so).flags.size(), own ? 1u : 0u);
  EXPECT_EQ(inspect_library(corpus_plugin("honest", "table_at_load").so).flags.size(), 1u);
}

}  // namespace
}  // namespace fk::judge
