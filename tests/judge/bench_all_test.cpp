// SPDX-License-Identifier: Apache-2.0
// Every task can be measured: what calls change (mutable inputs, states) is what the Judge says
// before each round, and both sides are right. Where the CPU has two implementations they stand
// against each other, elsewhere one against itself.
#include <map>

#include "core/judge/timing/bench.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

struct Implementation {
  const PluginFile* plugin;
  std::string id;
};

// The project's plugins for the CPU, the reference last: by task.
const std::map<std::string, std::vector<Implementation>>& offered() {
  static const std::vector<PluginFile> plugins = {
      baseline_plugin("cpu"), baseline_plugin("composed"), baseline_plugin("reference")};
  static const auto all = [] {
    std::map<std::string, std::vector<Implementation>> out;
    const JudgeOptions o = court_options();
    for (const PluginFile& p : plugins) {
      RunnerProcess runner(o.runner, p, {}, o.deadline);
      for (const Offered& i : runner.offered()) out[i.task].push_back({&p, i.id});
    }
    return out;
  }();
  return all;
}

// The smallest case, in one process of each side and for as long as it takes to say that they
// agree.
BenchResult quick(const std::string& task, const Implementation& a, const Implementation& b) {
  JudgeOptions options = court_options();
  options.deadline = 20;
  Judge judge(test::registry(), options);
  BenchOptions o;
  o.budget = 0.05;
  o.blocks = 1;
  o.bytes = size_t{1} << 20;
  o.most_slots = 16;
  const auto list = bench_cases(test::registry().task(task));
  const auto size = [&](const cases::Case& c) {
    double n = 1;
    for (const auto& [name, d] : cases::Problem::sizes(test::registry().task(task), c))
      n *= double(std::max<int64_t>(1, d));
    return n;
  };
  const auto least = std::min_element(
      list.begin(), list.end(), [&](const auto& x, const auto& y) { return size(x) < size(y); });
  if (least == list.end()) throw std::runtime_error(task + " has no case");
  return bench_case(judge, task, *least, {a.plugin, a.id}, {b.plugin, b.id}, o);
}

class BenchOfLevel : public testing::TestWithParam<int> {};

TEST_P(BenchOfLevel, IsNotRefused) {
  size_t measured = 0;
  for (const auto& [task, all] : offered()) {
    if (test::registry().task(task).level != GetParam()) continue;
    const Implementation &a = all.front(), &b = all.back();
    const BenchResult r = quick(task, a, b);
    EXPECT_NE(r.code, "REFUSED") << r.name << " of " << task << ", " << a.id << " against " << b.id
                                 << ": " << r.text;
    EXPECT_NE(r.code, "unsupported") << r.name << " of " << task << ": " << r.text;
    EXPECT_GT(r.verified, 0u) << task;
    ++measured;
  }
  EXPECT_GT(measured, 0u);
}
INSTANTIATE_TEST_SUITE_P(Registry, BenchOfLevel, testing::Values(1, 2, 3, 4));

// A state moves on from call to call: it is put back before every round, or no answer but the first
// round's could be right. The decoding sequences of these cases have a past.
TEST(BenchStates, AnImplementationAgreesWithItself) {
  for (const char* task : {"attention", "rwkv7_attention", "rwkv7_feed_forward"}) {
    const Implementation& own = offered().at(task).front();
    const BenchResult r = quick(task, own, own);
    EXPECT_NE(r.code, "REFUSED") << task << ": " << r.text;
    EXPECT_GT(r.verified, 0u) << task;
  }
}

}  // namespace
}  // namespace fk::judge
