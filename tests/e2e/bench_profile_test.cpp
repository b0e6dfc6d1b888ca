// SPDX-License-Identifier: Apache-2.0
// `fk bench model --profile`: the command line that it starts and what it makes of the answer. The
// profilers are scripts here: this tests our side of the line, not nsys or ncu.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

// A folder for PATH with a script `tool` in it, which notes its words, one a line, in
// <folder>/words.
std::vector<std::string> path_with(const Folder& f, const std::string& tool,
                                   const std::string& script) {
  const std::string file = f.write("bin/" + tool,
                                   "#!/bin/sh\nfor w in \"$@\"; do echo \"$w\"; done "
                                   ">> " +
                                       (f / "words") + "\n" + script);
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return {"PATH=" + (f / "bin") + ":/usr/bin:/bin"};
}

Outcome profile(const Folder& f, const std::string& tool, const std::string& script,
                std::vector<std::string> words = {}) {
  const std::vector<std::string> path = path_with(f, tool, script);
  words.insert(words.begin(), {"model", "--config", tiny_config(f), "--device", "cpu", "--profile",
                               tool, "--profile-out", f / "p"});
  return start("fk-bench", words, "", path);
}

std::vector<std::string> words_of(const Folder& f) {
  std::ifstream in(f / "words");
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

bool has(const std::vector<std::string>& words, const std::string& flag,
         const std::string& value = "") {
  const auto at = std::find(words.begin(), words.end(), flag);
  return at != words.end() && (value.empty() || (at + 1 != words.end() && at[1] == value));
}

const char* kNcuLog =
    "cat > $log <<'END'\n"
    "==PROF== Connected to process 1\n"
    "\"ID\",\"thread Domain:Push/Pop_Range:PL_Type:PL_Value:CLR_Type:Color:Msg_Type:Msg\",\"Kernel "
    "Name\",\"gpu__time_duration.sum\"\n"
    "\"\",\"\",\"\",\"ns\"\n"
    "\"0\",\"1  \"\"<default domain>:fk.measure:none:none:none:none:none:none\"\"  \"\"<default "
    "domain>:model.norm (cuda/cuda 1.0.0):none:none:none:none:none:none\"\"\",\"norm\",\"2000\"\n"
    "END\n";
const std::string kFindLog = "while [ $# -gt 0 ]; do [ $1 = --log-file ] && log=$2; shift; done\n";

// Else what is profiled keeps the card's memory.
TEST(BenchProfile, WhoIsAskedToEndEndsTheProfilerAndWhatItStarted) {
  Folder f;
  const auto begin = std::chrono::steady_clock::now();
  const Outcome o =
      profile(f, "ncu", "sleep 60 &\necho $! > " + (f / "pid") + "\nkill -TERM $PPID\nwait\n");
  EXPECT_EQ(o.code, 128 + SIGTERM) << o.err;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(40));
  std::ifstream in(f / "pid");
  std::string pid;
  ASSERT_TRUE(in >> pid);
  const auto runs = [&] {  // and is no zombie that nobody has waited for yet
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string number, name, state;
    return stat >> number >> name >> state && state != "Z";
  };
  for (int i = 0; i < 100 && runs(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(runs());
}

TEST(BenchProfile, NcuGetsTheSameCommandAndItsTableIsSummedUp) {
  Folder f;
  const Outcome o = profile(f, "ncu", kFindLog + kNcuLog, {"--seed", "7"});
  ASSERT_EQ(o.code, 0) << o.err;
  const auto words = words_of(f);
  EXPECT_TRUE(has(words, "--section", "SpeedOfLight"));
  EXPECT_TRUE(has(words, "--nvtx-include", "fk.measure/"));
  EXPECT_TRUE(has(words, "--clock-control", "none"));
  EXPECT_TRUE(has(words, "bench", "model"));
  EXPECT_TRUE(has(words, "--seed", "7"));
  EXPECT_TRUE(has(words, "--layers", "nvtx"));
  EXPECT_TRUE(has(words, "--enforce-eager"));
  EXPECT_TRUE(has(words, "--workload", "steps:1x512:1-2"));
  EXPECT_FALSE(has(words, "--profile"));
  EXPECT_FALSE(has(words, "--profile-out"));
  EXPECT_NE(o.out.find("100.0 %      0.002 ms      1 kernels  model.norm (cuda/cuda): norm\n"),
            std::string::npos)
      << o.out;
  EXPECT_NE(o.out.find("written: " + (f / "p.csv") + "\n"), std::string::npos) << o.out;
}

TEST(BenchProfile, JsonIsAloneOnStdoutAndInAFile) {
  Folder f;
  const std::string out = f / "numbers.json";
  const std::string script = "echo progress\n" + kFindLog + kNcuLog;
  const Outcome o = profile(f, "ncu", script, {"--json", "--out=" + out});
  ASSERT_EQ(o.code, 0) << o.err;
  ASSERT_EQ(o.lines().size(), 1u) << o.out;
  const Json all = o.lines()[0];
  EXPECT_EQ(all["profiler"], "ncu");
  EXPECT_EQ(all["tasks"][0]["path"], "model.norm");
  EXPECT_EQ(all["kernels"][0]["launches"], 1);
  EXPECT_EQ(Json::parse(std::ifstream(out)), all);
  EXPECT_FALSE(has(words_of(f), "--json"));
  EXPECT_NE(o.err.find("progress"), std::string::npos);
}

TEST(BenchProfile, NsysGetsARangeAndItsReportsAreSummedUp) {
  Folder f;
  const Outcome o =
      profile(f, "nsys",
              "if [ $1 = profile ]; then touch " + (f / "p.nsys-rep") +
                  "; exit; fi\n"
                  "case \"$*\" in\n"
                  "*cuda_gpu_kern_sum*) echo 'Time (%),Total Time (ns),Instances,Name'; "
                  "echo 100,5000,2,k;;\n"
                  "*) echo 'Range,Style,Total Proj Time (ns),Range Instances,Total GPU "
                  "Ops'; echo ':lm_head (cuda/gemv 1.0.0),PushPop,6000,1,2';;\n"
                  "esac\n");
  ASSERT_EQ(o.code, 0) << o.err;
  const auto words = words_of(f);
  EXPECT_TRUE(has(words, "--capture-range=nvtx"));
  EXPECT_TRUE(has(words, "--nvtx-capture=fk.measure"));
  EXPECT_TRUE(has(words, "--capture-range-end=stop"));
  EXPECT_TRUE(has(words, "--trace=cuda,nvtx"));
  EXPECT_TRUE(has(words, "stats"));
  EXPECT_NE(o.out.find("lm_head (cuda/gemv)\n"), std::string::npos) << o.out;
}

void expect_error(const Outcome& o, int code, const std::string& message) {
  EXPECT_EQ(o.code, code);
  ASSERT_GE(o.err.size(), message.size() + 1) << o.err;
  EXPECT_EQ(o.err.substr(o.err.size() - message.size() - 1), message + "\n");
  EXPECT_EQ(o.out, "");
}

TEST(BenchProfile, WhatAProfilerMayNotDo) {
  Folder f;
  expect_error(
      profile(f, "ncu",
              kFindLog +
                  "echo '==ERROR== ERR_NVGPUCTRPERM - The user does not have permission' > $log\n"
                  "exit 1\n"),
      3,
      "fk-bench: --profile ncu: this user may not read the GPU's performance counters "
      "(ERR_NVGPUCTRPERM); run it as root, let the driver's administrator set "
      "NVreg_RestrictProfilingToAdminUsers=0, in a container add the capability SYS_ADMIN, or use "
      "--profile nsys or `--layers time`, which need no counters");
  expect_error(
      profile(f, "ncu",
              kFindLog +
                  "echo '==ERROR== Failed to initialize the profiler: LibraryNotLoaded' > $log\n"),
      3,
      "fk-bench: --profile ncu: there is no access to the GPU's performance counters here (Failed "
      "to initialize the profiler: LibraryNotLoaded): the driver's profiling library cannot be "
      "used, as in some sandboxes; use --profile nsys or `--layers time`, which need no counters");
  expect_error(profile(f, "nsys", "touch " + (f / "p.qdstrm")), 3,
               "fk-bench: --profile nsys: nsys wrote no " + (f / "p.nsys-rep") + ", only " +
                   (f / "p.qdstrm") +
                   "; `nsys status -e` says what it lacks here, and an nsys out of Nsight "
                   "Compute's folder is not whole: install Nsight Systems");
  expect_error(
      profile(f, "ncu", kFindLog + "echo '==WARNING== No kernels were profiled.' > $log\n"), 1,
      "fk-bench: --profile ncu: no kernel in " + (f / "p.csv") +
          "; was the model on a GPU (--device cuda:0)?");
  EXPECT_EQ(profile(f, "ncu", "exit 5\n").code, 5);
}

TEST(BenchProfile, AProfilerThatIsNotThere) {
  Folder f;
  const Outcome o = start("fk-bench", {"model", "--config", tiny_config(f), "--profile", "ncu"}, "",
                          {"PATH=" + (f / "nothing")});
  EXPECT_EQ(o.code, 3);
  EXPECT_EQ(
      o.err,
      "fk-bench: --profile ncu: there is no ncu on PATH; it comes with the CUDA toolkit (Nsight "
      "Compute), often in /usr/local/cuda/bin; `--layers time` needs no profiler\n");
}

}  // namespace
}  // namespace fk::test
