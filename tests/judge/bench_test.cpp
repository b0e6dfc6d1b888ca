// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/bench.hpp"

#include <cmath>

#include "core/base/sanitized.hpp"
#include "core/judge/cases/numbers.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

constexpr size_t kBlocks = 5;

std::vector<std::vector<double>> noisy(double ratio, size_t n, cases::Random& random) {
  std::vector<std::vector<double>> blocks(kBlocks);
  for (size_t i = 0; i < n; ++i) {
    double l = std::log(ratio) + 0.01 * random.normal();
    if (random.below(20) == 0) l += 0.3 * random.normal();  // somebody else had the core
    blocks[i % kBlocks].push_back(l);
  }
  return blocks;
}

TEST(Stats, EqualIsHardlyEverFast) {
  cases::Random random(1);
  int fast = 0, slow = 0, same = 0;
  for (uint64_t i = 0; i < 500; ++i) {
    const Speed s = speed_of(ratio_interval(noisy(1, 40, random), i));
    fast += s == Speed::kFast;
    slow += s == Speed::kSlow;
    same += s == Speed::kSame;
  }
  EXPECT_LE(fast, 5);
  EXPECT_LE(slow, 5);
  EXPECT_GE(same, 400);
}

TEST(Stats, TwoPercentAreFound) {
  cases::Random random(2);
  int found = 0;
  for (uint64_t i = 0; i < 200; ++i)
    found += speed_of(ratio_interval(noisy(1 / 1.02, 200, random), i)) == Speed::kSlow;
  EXPECT_GE(found, 190);
}

TEST(Stats, SwappingTheSidesTurnsTheRatioOver) {
  cases::Random random(3);
  auto logs = noisy(1.3, 105, random);
  const Interval a = ratio_interval(logs, 9);
  for (auto& block : logs)
    for (double& l : block) l = -l;
  const Interval b = ratio_interval(logs, 9);
  EXPECT_NEAR(a.middle * b.middle, 1, 1e-9);
  EXPECT_EQ(speed_of(a), Speed::kFast);
  EXPECT_EQ(speed_of(b), Speed::kSlow);
}

// Every process has luck of its own, which no number of rounds takes away.
TEST(Stats, TheLuckOfAProcessIsNoSpeed) {
  cases::Random random(4);
  int fast = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    auto blocks = noisy(1, 200, random);
    for (auto& block : blocks) {
      const double luck = 0.2 * random.normal();
      for (double& l : block) l += luck;
    }
    fast += speed_of(ratio_interval(blocks, i)) == Speed::kFast;
  }
  EXPECT_LE(fast, 24);
}

class Bench : public testing::Test {
 protected:
  BenchResult run(const PluginFile& a, const std::string& x, const PluginFile& b,
                  const std::string& y, double budget = 1) {
    Judge judge(test::registry(), court_options());
    BenchOptions o;
    o.budget = budget;
    o.bytes = size_t{8} << 20;
    o.most_slots = 64;
    for (const cases::Case& c : bench_cases(test::registry().task("silu_and_mul")))
      if (c.name.starts_with("smollm2"))
        return bench_case(judge, "silu_and_mul", c, {&a, x}, {&b, y}, o);
    return {};
  }
};

TEST_F(Bench, TellsSlowFromFast) {
  const PluginFile cpu = baseline_plugin("cpu"), plain = corpus_plugin("honest", "plain");
  BenchResult r, s;
  // What a busy machine leaves open it may say the next time; the opposite it never may.
  for (int i = 0; i < 3 && (r.code.empty() || r.code == "AMBG"); ++i)
    r = run(plain, "plain/x", cpu, "cpu/cpu", 1 + 2 * i);
  for (int i = 0; i < 3 && (s.code.empty() || s.code == "AMBG"); ++i)
    s = run(cpu, "cpu/cpu", plain, "plain/x", 1 + 2 * i);
  EXPECT_EQ(r.code, "SLOW") << r.text << r.speedup.low << " " << r.speedup.high;
  EXPECT_EQ(s.code, "FAST") << s.text << s.speedup.low << " " << s.speedup.high;
  EXPECT_GT(r.rounds, 0u);
  EXPECT_GE(r.verified, 2 * r.rounds);
  if (!core::kSanitized) { EXPECT_LE(r.verify_seconds, 0.25 * r.seconds); }
}

// Of three runs, since a machine that does other things too can favour a side for a while.
TEST_F(Bench, AgainstItselfIsNeither) {
  const PluginFile cpu = baseline_plugin("cpu");
  std::string codes;
  for (int i = 0; i < 3 && codes.find("SAME") == codes.npos && codes.find("AMBG") == codes.npos;
       ++i) {
    const BenchResult r = run(cpu, "cpu/cpu", cpu, "cpu/cpu");
    codes += fmt::format("{} {} [{:.3f}, {:.3f}] ", r.code, r.text, r.speedup.low, r.speedup.high);
  }
  EXPECT_TRUE(codes.find("SAME") != codes.npos || codes.find("AMBG") != codes.npos) << codes;
}

TEST_F(Bench, AWrongTimedOutputEndsIt) {
  const PluginFile cpu = baseline_plugin("cpu"), evil = corpus_plugin("evil", "t7_phase_by_count");
  const BenchResult r = run(evil, "t7_phase_by_count/x", cpu, "cpu/cpu");
  EXPECT_EQ(r.code, "REFUSED");
  EXPECT_NE(r.text.find("differs"), std::string::npos) << r.text;
}

}  // namespace
}  // namespace fk::judge
