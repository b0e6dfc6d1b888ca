// SPDX-License-Identifier: Apache-2.0
// Tables of profilers, as they write them.
#include <gtest/gtest.h>

#include "core/cli/bench_model.hpp"

namespace fk::core {
namespace {

TEST(HotSpots, OfNsys) {
  const auto s = hot_spots(
      "Generating SQLite file ...\n\n"
      "Time (%),Total Time (ns),Instances,Avg (ns),Name\n"
      "70.0,7000,7,1000.0,\"gemm<float, 128>(int, float*)\"\n"
      "30.0,3000,3,1000.0,norm_kernel\n",
      "Name", "Total Time (ns)", "Instances", 15);
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].name, "gemm<float, 128>(int, float*)");
  EXPECT_EQ(s[0].time, 7000);
  EXPECT_EQ(s[0].count, 7);
  EXPECT_EQ(s[1].name, "norm_kernel");
}

TEST(HotSpots, OfNcuAddUpByName) {
  const auto s = hot_spots(
      "==PROF== Connected to process 1\n"
      "\"ID\",\"Kernel Name\",\"gpu__time_duration.sum\",\"dram__bytes.sum\"\n"
      "\"\",\"\",\"ns\",\"byte\"\n"
      "\"0\",\"a(int)\",\"1,000\",\"5\"\n"
      "\"1\",\"b\",\"400\",\"5\"\n"
      "\"2\",\"b\",\"700\",\"5\"\n",
      "Kernel Name", "gpu__time_duration.sum", "", 1);
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].name, "b");
  EXPECT_EQ(s[0].time, 1100);
  EXPECT_EQ(s[0].count, 2);
}

TEST(HotSpots, WithoutATableThereAreNone) {
  EXPECT_TRUE(hot_spots("SKIPPED: it does not contain CUDA data.\n", "Name", "Total Time (ns)",
                        "Instances", 15)
                  .empty());
}

}  // namespace
}  // namespace fk::core
