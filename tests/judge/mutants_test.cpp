// SPDX-License-Identifier: Apache-2.0
// A tolerance is worth what it refuses: wrong answers of every task, by every rule that a lazy
// kernel might follow. All that differ from the right one must be seen to.
#include "core/judge/cases/mutants.hpp"

#include "core/judge/cases/compare.hpp"
#include "core/judge/oracle.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

using namespace cases;

const Oracle& oracle() {
  static const Oracle o(test::registry(), court_options().plugins);
  return o;
}

std::string verdict(const core::TaskSpec& task, fk_dtype dtype, const Outcome& golden,
                    const Outcome& baseline, const Outcome& found) {
  for (const auto& [name, values] : found.tensors)
    if (const auto m =
            compare(task, dtype, golden.tensors.at(name), baseline.tensors.at(name), values))
      return name + ": " + m->text();
  return "";
}

class Mutants : public testing::TestWithParam<std::string> {};

TEST_P(Mutants, AreRefused) {
  const core::TaskSpec& task = test::registry().task(GetParam());
  std::set<std::string> refused;
  for (Case c : cases_of(task)) {
    if (!c.own) continue;
    SCOPED_TRACE(c.name);
    Oracle::Prepared p = oracle().prepare(task, c);
    c.two_steps = p.owns_state();
    const Problem problem = Problem::make(test::registry(), task, c);
    const Outcome golden = p.golden(problem), right = p.baseline(problem);
    EXPECT_EQ(verdict(task, c.dtype, golden, right, right), "") << "the reference itself";
    Case others = c;
    others.seed += 1;
    Outcome other = right;
    if (task.step.empty())  // shapes hang on the step's seed
      other = p.baseline(Problem::make(test::registry(), task, others));
    const Outcome cut = p.baseline(truncated(test::registry(), task, c));
    for (const Mutant& m : mutants(problem, c.dtype, right, other, cut)) {
      EXPECT_NE(verdict(task, c.dtype, golden, right, m.answer), "") << m.name << " gets through";
      refused.insert(m.name);
    }
  }
  EXPECT_GE(refused.size(), 8u);
}

std::vector<std::string> tasks() {
  std::vector<std::string> names;
  for (const auto& [name, task] : test::registry().tasks())
    if (name != "all_reduce")  // of one rank it is the identity: every right answer is its input
      names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Registry, Mutants, testing::ValuesIn(tasks()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fk::judge
