// SPDX-License-Identifier: Apache-2.0
// `fk bench TASK --profile` as far as it goes without a card: what it refuses, and the command that
// it gives to the profiler.
#include <gtest/gtest.h>

#include <array>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

Outcome bench(const std::vector<std::string>& more,
              const std::vector<std::string>& environment = {}) {
  std::vector<std::string> words = {"silu_and_mul", "--impl", "cpu", "--case",
                                    "llama_decode/bfloat16"};
  words.insert(words.end(), more.begin(), more.end());
  return start("fk-bench", words, "", environment);
}

void expect_refused(const Outcome& o, int code, const std::string& message) {
  EXPECT_EQ(o.code, code);
  EXPECT_EQ(o.err, "fk-bench: " + message + "\n");
  EXPECT_EQ(o.out, "");
}

TEST(BenchTaskProfile, WhatMakesNoSenseIsRefusedBeforeAnythingRuns) {
  const Folder f;
  expect_refused(bench({"--profile", "ncu"}), 2,
                 "--profile ncu: it sees the kernels of a CUDA device, and --device is cpu; give "
                 "the card, --device cuda:0");
  expect_refused(bench({"--profile", "ncuu", "--device", "cuda:0"}), 2,
                 "--profile ncuu: expected ncu (did you mean 'ncu'?)");
  expect_refused(bench({"--profile", "nsys", "--device", "cuda:0"}), 2,
                 "--profile nsys: a task takes ncu, which looks at single kernels; nsys is for "
                 "whole models: fk bench model --profile nsys");
  expect_refused(bench({"--profile", "ncu", "--device", "cuda:0", "--profile-out", f / "none/p"}),
                 2, "--profile-out " + (f / "none/p") + ": there is no folder " + (f / "none"));
}

TEST(BenchTaskProfile, AProfilerThatIsNotThere) {
  const Folder f;
  expect_refused(
      bench({"--profile", "ncu", "--device", "cuda:0"}, {"PATH=" + (f / "nothing")}), 3,
      "--profile ncu: there is no ncu on PATH; it comes with the CUDA toolkit (Nsight "
      "Compute), often in /usr/local/cuda/bin; `fk bench silu_and_mul` without --profile "
      "needs no profiler");
}

// What the profiler starts: operations, composites and what takes a step, without a word.
TEST(BenchTaskProfile, OneCaseRunsOnceOutsideOfTheSandbox) {
  for (const auto& [task, impl, name] : std::vector<std::array<std::string, 3>>{
           {"silu_and_mul", "cpu", "llama_decode/bfloat16"},
           {"llama_mlp", "composed", "smollm2/float32"},
           {"attention", "composed", "llama_decode/bfloat16"}}) {
    const Outcome verdict =
        start("fk-check", {task, "--impl", impl, "--case", name, "--json", "--no-store"});
    ASSERT_EQ(verdict.code, 0) << verdict.out << verdict.err;
    const Json record = verdict.lines().at(0);
    const std::string id = record["implementation"], hash = record["hash"];
    const Outcome o = start("fk-bench", {task, "--run-once", id + "@" + hash, "--case", name,
                                         "--seed", "7", "--device", "cpu"});
    EXPECT_EQ(o.code, 0) << task << o.err;
    EXPECT_EQ(o.out + o.err, "");
  }
}

TEST(BenchTaskProfile, OtherBytesThanThoseThatWereJudgedDoNotRun) {
  expect_refused(bench({"--run-once", "cpu/cpu@0123456789abcdef"}), 2,
                 "--run-once cpu/cpu@0123456789abcdef: no plugin cpu of this very hash is there; "
                 "`fk bench TASK --profile ncu` writes this flag");
}

}  // namespace
}  // namespace fk::test
