// SPDX-License-Identifier: Apache-2.0
// Every implementation of every task against the float64 reference, on every case of the registry,
// on inputs that are hard and on odd shapes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "core/judge/cases/compare.hpp"
#include "core/judge/cases/random_weights.hpp"
#include "core/judge/cases/run_case.hpp"
#include "tests/support/task_runner.hpp"
#include "tests/support/test_device.hpp"

namespace fk::cases {
namespace {

using core::Implementation;
using test::catalog;
using test::registry;
using test::test_device;

core::Policy all_reference() { return core::Policy::parse("candidate:reference"); }
core::Policy pinned(const core::TaskSpec& task, const Implementation& i) {
  core::Policy p;
  p.pins.push_back(core::Pin::parse(task.name + "=" + i.id()));
  return p;
}

// FK_TEST_PART=2/8: of the cases every eighth, from the second on, for tools that make a run slow.
struct Part {
  size_t first = 0, step = 1;
  static Part of_environment() {
    const char* text = std::getenv("FK_TEST_PART");
    Part p;
    if (!text) return p;
    if (std::sscanf(text, "%zu/%zu", &p.first, &p.step) != 2 || p.first < 1 || p.first > p.step)
      throw std::runtime_error(std::string("FK_TEST_PART is ") + text + ", expected 1/8 to 8/8");
    --p.first;
    return p;
  }
  bool has(size_t i) const { return i % step == first; }
};

// What became of the cases that one implementation was asked to compute.
struct Tally {
  int runs = 0;
  std::set<int> rows;                  // of the odd cases
  std::map<std::string, int> refused;  // by reason
  bool elsewhere = false;              // it is for another kind of device
};

class Cases : public testing::TestWithParam<std::string> {
 protected:
  const core::TaskSpec& task_ = registry().task(GetParam());
  const fk_device device_ = test_device();
  const Part part_ = Part::of_environment();
  std::map<std::string, Tally> tallies_;

  void check_all(const std::vector<Case>& cases) {
    std::string family = "none";
    std::shared_ptr<RandomWeights> weights;
    for (size_t i = 0; i < cases.size(); ++i) {
      const Case& c = cases[i];
      if (!part_.has(i)) continue;
      SCOPED_TRACE(c.name + " " + c.text);
      if (c.cuda_only && device_.type == FK_CPU) continue;
      if (c.family != family) weights = std::make_shared<RandomWeights>(7, c.dtype);
      family = c.family;
      check(c, weights);
      if (HasFatalFailure()) return;
    }
  }

  int runs() const {
    int sum = 0;
    for (const auto& [id, t] : tallies_) sum += t.runs;
    return sum;
  }

 private:
  void check(const Case& c, const std::shared_ptr<RandomWeights>& weights) {
    const Outcome golden =
        run_case(catalog(), task_, c, {FK_FLOAT, 64, 1}, all_reference(), weights);
    const Outcome baseline = run_case(catalog(), task_, c, c.dtype, all_reference(), weights);
    EXPECT_EQ(baseline.overwritten, std::vector<std::string>{}) << "the reference itself";
    for (const Implementation* i : catalog().implementations(task_.name)) {
      if (device_.type == FK_CPU && i->id() == baseline.implementation && task_.level == 1)
        continue;  // it is the baseline
      Tally& tally = tallies_[i->id()];
      if (tally.elsewhere) continue;
      SCOPED_TRACE(i->id());
      // supports() says which devices and inits an implementation is for, forward which tensors.
      std::string why = unsupported(catalog(), task_, c, pinned(task_, *i), device_);
      tally.elsewhere = why.ends_with(": needs the CPU") || why.ends_with(": needs a CUDA device");
      Outcome found;
      if (why.empty())
        found = run_case(catalog(), task_, c, c.dtype, pinned(task_, *i), weights, device_);
      else
        why = why.substr(why.rfind('\n') + 1);
      if (why.empty()) why = found.refused;
      if (!why.empty()) {
        ++tally.refused[why];
        continue;
      }
      ++tally.runs;
      tally.rows.insert(c.row);
      compare(c, *i, golden, baseline, found);
    }
  }

  void compare(const Case& c, const Implementation& i, const Outcome& golden,
               const Outcome& baseline, const Outcome& found) {
    EXPECT_EQ(found.implementation, i.id());
    EXPECT_EQ(found.overwritten, std::vector<std::string>{})
        << "written outside the tensor, or an input changed";
    ASSERT_EQ(found.tensors.size(), golden.tensors.size());
    for (const auto& [name, values] : found.tensors)
      EXPECT_EQ(
          disagreement(task_, golden.tensors.at(name), baseline.tensors.at(name), values, c.dtype),
          "")
          << name;
  }
};

TEST_P(Cases, AgreeWithTheReference) {
  ASSERT_FALSE(catalog().implementations(task_.name).empty())
      << "no implementation of " << task_.name;
  check_all(cases_of(task_));
  if (device_.type != FK_CPU)
    std::printf("%s: %d runs on %s\n", task_.name.c_str(), runs(),
                core::device_text(device_).c_str());
}

// Of the oracle, which the others are held against with gaps of its own.
TEST_P(Cases, GapsBetweenRowsChangeNothing) {
  for (Case c : cases_of(task_)) {
    if (!c.own) continue;
    SCOPED_TRACE(c.name);
    const auto answer = [&](int64_t gap) {
      c.strided = true;
      c.gap = gap;
      return run_case(catalog(), task_, c, {FK_FLOAT, 64, 1}, all_reference(),
                      std::make_shared<RandomWeights>(7, c.dtype));
    };
    const Outcome whole = answer(0), apart = answer(3);
    for (const auto& [name, values] : whole.tensors)
      EXPECT_EQ(values, apart.tensors.at(name)) << name;
  }
}

TEST_P(Cases, HoldForHardInputs) { check_all(hard_cases_of(task_)); }

// A shape that an implementation refuses is no failure, but nearly all of them are to be computed.
class OddCases : public Cases {};
TEST_P(OddCases, AgreeWithTheReference) {
  constexpr size_t kLeast = 20;  // rows of the file that an implementation must take
  check_all(odd_cases_of(registry(), task_));
  for (const auto& [id, tally] : tallies_) {
    if (tally.elsewhere) continue;
    std::printf("%s by %s: %zu odd shapes, %d runs\n", task_.name.c_str(), id.c_str(),
                tally.rows.size(), tally.runs);
    for (const auto& [why, count] : tally.refused)
      std::printf("  refused %d: %s\n", count, why.c_str());
    if (part_.step == 1) EXPECT_GE(tally.rows.size(), kLeast) << id;
  }
}

std::vector<std::string> task_names(bool odd) {
  std::vector<std::string> names;
  for (const auto& [name, task] : registry().tasks())
    if (!odd || !odd_cases_of(registry(), task).empty()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Registry, Cases, testing::ValuesIn(task_names(false)),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Registry, OddCases, testing::ValuesIn(task_names(true)),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fk::cases
