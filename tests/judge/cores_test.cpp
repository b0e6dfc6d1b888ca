// SPDX-License-Identifier: Apache-2.0
// On which cores two contestants take turns.
#include "core/judge/timing/cores.hpp"

#include <gtest/gtest.h>
#include <sched.h>

namespace fk::judge {
namespace {

constexpr const char* kBefore =
    "cpu  30 0 30 300 0 0\ncpu0 10 0 10 100 0 0\ncpu1 10 0 10 100 0 0\ncpu2 10 0 10 100 0 0\n"
    "intr 12 0\n";
constexpr const char* kAfter =
    "cpu  40 0 30 311 0 0\ncpu0 12 0 10 101 0 0\ncpu1 10 0 10 105 0 0\ncpu2 15 0 10 105 0 0\n"
    "intr 13 0\n";

TEST(Cores, ReadsWhatEachHadNothingToDo) {
  EXPECT_EQ(idle_between(kBefore, kAfter, {0, 1, 2}), (std::vector<long long>{1, 5, 5}));
  EXPECT_EQ(idle_between(kBefore, kAfter, {2, 7}), (std::vector<long long>{5, 0}))
      << "a core of which nothing is said is busy";
  EXPECT_EQ(idle_between("", "", {0}), (std::vector<long long>{0}));
}

TEST(Cores, NeighboursWithTheLeastToDo) {
  EXPECT_EQ(quietest_run({1, 5, 4, 5}, 1), 1u) << "the first of equals";
  EXPECT_EQ(quietest_run({1, 5, 4, 5}, 2), 1u);
  EXPECT_EQ(quietest_run({3, 0, 4, 5}, 2), 2u);
  EXPECT_EQ(quietest_run({3, 3}, 2), 0u);
}

TEST(Cores, OnlyWhereThereIsAChoice) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_TRUE(quiet_cores(CPU_COUNT(&all)).empty());
  const std::vector<int> one = quiet_cores(1);
  if (CPU_COUNT(&all) == 1) {
    EXPECT_TRUE(one.empty());
    return;
  }
  ASSERT_EQ(one.size(), 1u);
  EXPECT_TRUE(CPU_ISSET(size_t(one[0]), &all));
}

}  // namespace
}  // namespace fk::judge
