// SPDX-License-Identifier: Apache-2.0
// Tables of profilers. The tables are written by hand after the tools' documented columns.
#include "core/cli/profile_tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fk::core {
namespace {

const char* kNsysKernels =
    "Generating SQLite file a.sqlite from a.nsys-rep\n"
    "Processing [a.sqlite] with [cuda_gpu_kern_sum.py]...\n\n"
    "Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Name\n"
    "70.0,7000000,7,1000000.0,1000000.0,1,2,0.0,\"gemm<float, 128>(int, float*)\"\n"
    "30.0,3000000,3,1000000.0,1000000.0,1,2,0.0,norm_kernel\n";

const char* kNsysRanges =
    "Range,Style,Total Proj Time (ns),Total Range Time (ns),Range Instances,Proj Avg (ns),Proj Med "
    "(ns),Proj Min (ns),Proj Max (ns),Proj StdDev (ns),Total GPU Ops,Avg GPU Ops,Avg Range Lvl,Avg "
    "Num Child\n"
    ":fk.measure,PushPop,12000000,1,1,1,1,1,1,0,10,10.0,0.0,2.0\n"
    ":llama (composed/composed 1.0.0),PushPop,11000000,1,1,1,1,1,1,0,10,10.0,1.0,2.0\n"
    ":model.layers.0.mlp.down_proj (cublaslt/cublaslt 1.0.0),PushPop,3000000,1,2,1,1,1,1,0,4,2.0,"
    "3.0,0.0\n"
    ":model.layers.1.mlp.down_proj (cublaslt/cublaslt 1.0.0),PushPop,4000000,1,2,1,1,1,1,0,3,1.5,"
    "3.0,0.0\n"
    ":model.layers.0.self_attn (flashinfer/attention "
    "1.0.0),PushPop,2000000,1,2,1,1,1,1,0,2,1.0,3.0,"
    "0.5\n"
    ":model.norm (cuda/cuda 1.0.0),PushPop,1000000,1,1,1,1,1,1,0,1,1.0,2.0,0.0\n";

TEST(ProfileTables, OfNsys) {
  const ProfileTables t = nsys_tables(kNsysKernels, kNsysRanges);
  ASSERT_EQ(t.kernels.size(), 2u);
  EXPECT_EQ(t.kernels[0].name, "gemm<float, 128>(int, float*)");
  EXPECT_EQ(t.kernels[0].ns, 7e6);
  EXPECT_EQ(t.kernels[0].calls, 7);
  EXPECT_EQ(t.kernels[1].name, "norm_kernel");
  EXPECT_EQ(t.kernel_ns, 10e6);
  // Layers taken together; no composites, but one that sometimes computes by itself.
  ASSERT_EQ(t.tasks.size(), 3u);
  EXPECT_EQ(t.tasks[0].name, "model.layers.*.mlp.down_proj");
  EXPECT_EQ(t.tasks[0].implementation, "cublaslt/cublaslt");
  EXPECT_EQ(t.tasks[0].ns, 7e6);
  EXPECT_EQ(t.tasks[0].calls, 4);
  EXPECT_EQ(t.tasks[0].kernels, 7);
  EXPECT_EQ(t.tasks[1].name, "model.layers.*.self_attn");
  EXPECT_EQ(t.tasks[2].name, "model.norm");
  EXPECT_EQ(t.task_ns, 10e6);
}

std::string ncu_line(int id, const char* ranges, const char* kernel, const char* numbers) {
  return "\"" + std::to_string(id) + "\",\"77\",\"fk\",\"127.0.0.1\",\"1  " +
         "\"\"<default domain>:fk.measure:none:none:none:none:none:none\"\"  " + ranges +
         "\",\"\",\"" + kernel + "\"," + numbers + "\n";
}

std::string ncu_range(const std::string& name) {
  return "\"\"<default domain>:" + name + ":none:none:none:none:none:none\"\"  ";
}

std::string ncu_csv() {
  const std::string root = ncu_range("llama (composed/composed 1.0.0)"),
                    norm = root + ncu_range("model.norm (cuda/cuda 1.0.0)"),
                    down = root + ncu_range("model.layers.3.mlp (composed/composed 1.0.0)") +
                           ncu_range("model.layers.3.mlp.down_proj (cuda/gemv 1.0.0)");
  return "==PROF== Connected to process 77 (/x/fk)\n"
         "==PROF== Profiling \"norm\" - 0: 0%....50%....100% - 9 passes\n"
         "\"ID\",\"Process ID\",\"Process Name\",\"Host Name\",\"thread "
         "Domain:Push/Pop_Range:PL_Type:PL_Value:CLR_Type:Color:Msg_Type:Msg\",\"Id:Domain:Start/"
         "Stop_Range:PL_Type:PL_Value:CLR_Type:Color:Msg_Type:Msg\",\"Kernel "
         "Name\",\"gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed\",\"gpu__time_"
         "duration.sum\",\"sm__throughput.avg.pct_of_peak_sustained_elapsed\"\n"
         "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"%\",\"ns\",\"%\"\n" +
         ncu_line(0, norm.c_str(), "norm(int, float)", "\"50\",\"1,000\",\"10\"") +
         ncu_line(1, down.c_str(), "gemv<4>(half *)", "\"80\",\"3,000\",\"20\"") +
         ncu_line(2, down.c_str(), "split_sum", "\"40\",\"1,000\",\"n/a\"") +
         ncu_line(3, "", "sample", "\"1\",\"500\",\"1\"");
}

TEST(ProfileTables, OfNcu) {
  const ProfileTables t = ncu_tables(ncu_csv());
  ASSERT_EQ(t.kernels.size(), 4u);
  EXPECT_EQ(t.kernels[0].name, "gemv<4>(half *)");
  EXPECT_EQ(t.kernels[0].memory, 80);
  EXPECT_EQ(t.kernel_ns, 5500);
  ASSERT_EQ(t.tasks.size(), 3u);
  EXPECT_EQ(t.tasks[0].name, "model.layers.*.mlp.down_proj");
  EXPECT_EQ(t.tasks[0].implementation, "cuda/gemv");
  EXPECT_EQ(t.tasks[0].kernels, 2);
  EXPECT_EQ(t.tasks[0].hottest, "gemv<4>(half *)");
  EXPECT_DOUBLE_EQ(t.tasks[0].memory, 70);  // 3 parts of 80, 1 of 40
  EXPECT_EQ(t.tasks[1].name, "model.norm");
  EXPECT_EQ(t.tasks[2].name, "(no task)");
}

TEST(ProfileTables, OfNcuWithoutNvtx) {
  const ProfileTables t = ncu_tables(
      "\"ID\",\"Kernel Name\",\"gpu__time_duration.sum\"\n\"\",\"\",\"ns\"\n\"0\",\"a\",\"5\"\n");
  ASSERT_EQ(t.kernels.size(), 1u);
  EXPECT_EQ(t.kernels[0].memory, -1);
  ASSERT_EQ(t.tasks.size(), 1u);
  EXPECT_EQ(t.tasks[0].name, "(no task)");
}

TEST(ProfileTables, TextIsShort) {
  std::string kernels = "Time (%),Total Time (ns),Instances,Avg (ns),Name\n",
              ranges = "Range,Style,Total Proj Time (ns),Range Instances,Total GPU Ops\n";
  for (int i = 0; i < 200; ++i) {
    kernels += "1,1000000,1,1,kernel_" + std::to_string(i) + "\n";
    ranges += ":task_" + std::to_string(i) + " (cuda/x 1.0.0),PushPop,1000000,1,1\n";
  }
  const std::string text = profile_text(nsys_tables(kernels, ranges));
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60);
  EXPECT_NE(text.find("hottest tasks: 200.000 ms in all\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    0.5 %      1.000 ms      1 kernels  task_0 (cuda/x)\n"),
            std::string::npos)
      << text;
}

TEST(ProfileTables, WithoutATableThereIsNothing) {
  const ProfileTables t = nsys_tables("SKIPPED: it does not contain CUDA kernel data.\n", "");
  EXPECT_TRUE(t.kernels.empty());
  EXPECT_TRUE(t.tasks.empty());
  EXPECT_TRUE(ncu_tables("==WARNING== No kernels were profiled.\n").kernels.empty());
  EXPECT_EQ(profile_json(t)["tasks"], Json::array());
}

}  // namespace
}  // namespace fk::core
