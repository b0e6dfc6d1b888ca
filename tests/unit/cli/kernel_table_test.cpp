// SPDX-License-Identifier: Apache-2.0
// Single launches out of ncu's table: by hand, with the columns and ranges of one from an H200.
#include "core/cli/kernel_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fk::core {
namespace {

// Two kernels of a composite; the second's occupancy was not measured.
const char* kCsv =
    "==PROF== Connected to process 77 (/x/fk)\n"
    "==PROF== Profiling \"gemv\" - 0: 0%....50%....100% - 12 passes\n"
    "==PROF== Disconnected from process 77\n"
    "\"ID\",\"Process ID\",\"Process Name\",\"Host Name\",\"thread Domain:Push/Pop_Range:PL_Type:"
    "PL_Value:CLR_Type:Color:Msg_Type:Msg\",\"Id:Domain:Start/"
    "Stop_Range:PL_Type:PL_Value:CLR_Type:Color:Msg_Type:Msg\",\"Kernel "
    "Name\",\"Context\",\"Stream\",\"Block Size\",\"Grid "
    "Size\",\"Device\",\"CC\",\"gpu__compute_memory_throughput.avg.pct_of_peak_sustained_"
    "elapsed\",\"gpu__time_duration.sum\",\"launch__registers_per_thread\",\"launch__shared_mem_"
    "per_"
    "block_dynamic\",\"launch__shared_mem_per_block_static\",\"sm__throughput.avg.pct_of_peak_"
    "sustained_elapsed\",\"sm__warps_active.avg.pct_of_peak_sustained_active\"\n"
    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"%\",\"ns\",\"register/"
    "thread\",\"byte/block\",\"byte/block\",\"%\",\"%\"\n"
    "\"0\",\"77\",\"fk\",\"127.0.0.1\",\"1  \"\"<default "
    "domain>:fk.measure:none:none:none:none:none:none\"\"  \"\"<default domain>:llama_mlp "
    "(composed/composed "
    "1.0.0):none:none:none:none:none:none\"\"  \"\"<default domain>:down_proj (cuda/gemv "
    "1.0.0):none:none:none:none:none:none\"\"  \",\"\",\"void gemv<(int)4>(const __half *, "
    "int)\",\"1\",\"13\",\"(256, 1, 1)\",\"(1,024, 1, "
    "1)\",\"0\",\"9.0\",\"81.25\",\"3,072\",\"40\",\"16,384\",\"1,024\",\"20.5\",\"76.4\"\n"
    "\"1\",\"77\",\"fk\",\"127.0.0.1\",\"1  \"\"<default "
    "domain>:fk.measure:none:none:none:none:none:none\"\"  \"\"<default domain>:llama_mlp "
    "(composed/composed "
    "1.0.0):none:none:none:none:none:none\"\"  \",\"\",\"add\",\"1\",\"13\",\"(128, 1, 1)\",\"(8, "
    "1, 1)\",\"0\",\"9.0\",\"4\",\"1,536\",\"16\",\"0\",\"0\",\"1.5\",\"n/a\"\n";

TEST(KernelTable, ALineALaunchInTheirOrder) {
  const auto launches = ncu_launches(kCsv);
  ASSERT_EQ(launches.size(), 2u);
  const KernelLaunch& k = launches[0];
  EXPECT_EQ(k.name, "void gemv<(int)4>(const __half *, int)");
  EXPECT_EQ(k.node, "down_proj (cuda/gemv 1.0.0)");
  EXPECT_EQ(k.grid, "(1,024, 1, 1)");
  EXPECT_EQ(k.block, "(256, 1, 1)");
  EXPECT_EQ(k.ns, 3072);
  EXPECT_EQ(k.compute, 20.5);
  EXPECT_EQ(k.memory, 81.25);
  EXPECT_EQ(k.occupancy, 76.4);
  EXPECT_EQ(k.registers, 40);
  EXPECT_EQ(k.shared_static, 1024);
  EXPECT_EQ(k.shared_dynamic, 16384);
  EXPECT_EQ(launches[1].node, "");  // of the root itself
  EXPECT_EQ(launches[1].occupancy, -1);
  EXPECT_EQ(sum_ns(launches), 4608);
}

TEST(KernelTable, ForPeopleAndForPrograms) {
  const auto launches = ncu_launches(kCsv);
  EXPECT_EQ(
      launches_text(launches, "  "),
      "       3.07 us  compute  20.5 %  memory  81.2 %  occupancy  76.4 %   40 registers  1024 "
      "+ 16384 B shared  (1,024, 1, 1) x (256, 1, 1)  down_proj (cuda/gemv 1.0.0): void "
      "gemv<(int)4>(const __half *, int)\n"
      "       1.54 us  compute   1.5 %  memory   4.0 %  occupancy       -   16 registers  0 + 0 "
      "B shared  (8, 1, 1) x (128, 1, 1)  add\n");
  const Json j = launches_json(launches);
  EXPECT_EQ(j[0]["registers_per_thread"], 40);
  EXPECT_EQ(j[0]["us"], 3.072);
  EXPECT_EQ(j[1]["shared_static_bytes"], 0);
  EXPECT_FALSE(j[1].contains("occupancy_percent"));
  EXPECT_FALSE(j[1].contains("node"));
}

// A model's forward launches hundreds; the file has them all.
TEST(KernelTable, TextIsShort) {
  const std::vector<KernelLaunch> many(300, ncu_launches(kCsv)[0]);
  const std::string text = launches_text(many, "");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 41);
  EXPECT_NE(text.find("and 260 more launches\n"), text.npos) << text;
  EXPECT_EQ(launches_json(many).size(), 300u);
}

TEST(KernelTable, WithoutATableThereIsNothing) {
  EXPECT_TRUE(ncu_launches("==WARNING== No kernels were profiled.\n").empty());
  EXPECT_EQ(launches_text({}, ""), "");
  EXPECT_EQ(launches_json({}), Json::array());
}

}  // namespace
}  // namespace fk::core
