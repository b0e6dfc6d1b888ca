// SPDX-License-Identifier: Apache-2.0
// Every implementation of every task against the float64 reference, on every case of the registry.
#include <gtest/gtest.h>

#include "compare.hpp"
#include "random_weights.hpp"
#include "run_case.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::cases {
namespace {

using core::Implementation;
using test::catalog;
using test::registry;

core::Policy all_reference() { return core::Policy::parse("candidate:reference"); }
core::Policy pinned(const core::TaskSpec& task, const Implementation& i) {
  core::Policy p;
  p.pins.push_back(core::Pin::parse(task.name + "=" + i.id()));
  return p;
}

class Cases : public testing::TestWithParam<std::string> {};

TEST_P(Cases, AgreeWithTheReference) {
  const core::TaskSpec& task = registry().task(GetParam());
  const auto implementations = catalog().implementations(task.name);
  ASSERT_FALSE(implementations.empty()) << "no implementation of " << task.name;
  const fk_device device = test_device();
  int checked = 0;
  std::string family = "none";
  std::shared_ptr<RandomWeights> weights;
  for (const Case& c : cases_of(task)) {
    SCOPED_TRACE(c.name);
    if (c.family != family) weights = std::make_shared<RandomWeights>(7, c.dtype);
    family = c.family;
    const Outcome golden =
        run_case(catalog(), task, c, {FK_FLOAT, 64, 1}, all_reference(), weights);
    const Outcome baseline = run_case(catalog(), task, c, c.dtype, all_reference(), weights);
    EXPECT_EQ(baseline.overwritten, std::vector<std::string>{}) << "the reference itself";
    for (const Implementation* i : implementations) {
      if (device.type == FK_CPU && i->id() == baseline.implementation && task.level == 1)
        continue;  // it is the baseline
      SCOPED_TRACE(i->id());
      // supports() says which devices and inits an implementation is for.
      if (!unsupported(catalog(), task, c, pinned(task, *i), device).empty()) continue;
      ++checked;
      const Outcome found =
          run_case(catalog(), task, c, c.dtype, pinned(task, *i), weights, device);
      EXPECT_EQ(found.implementation, i->id());
      EXPECT_EQ(found.overwritten, std::vector<std::string>{})
          << "written outside the tensor, or an input changed";
      ASSERT_EQ(found.tensors.size(), golden.tensors.size());
      for (const auto& [name, values] : found.tensors)
        EXPECT_EQ(disagreement(task.check, golden.tensors.at(name), baseline.tensors.at(name),
                               values, c.dtype.bits < 32),
                  "")
            << name;
    }
  }
  if (device.type != FK_CPU)
    std::printf("%s: %d runs on %s\n", task.name.c_str(), checked,
                core::device_text(device).c_str());
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const auto& [name, task] : registry().tasks()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Registry, Cases, testing::ValuesIn(task_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fk::cases
