// SPDX-License-Identifier: Apache-2.0
// What `fk bench TASK --profile` runs outside of the sandbox, and what it does not.
#include "core/cli/bench_task_profile.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

constexpr const char* kCase = "llama_decode/bfloat16";

JudgeFlags flags_with(const std::string& evil) {
  JudgeFlags flags;
  flags.task = "silu_and_mul";
  flags.only = kCase;
  flags.candidates = {FK_BUILD_DIR "/corpus/evil/" + evil};
  return flags;
}

cases::Case the_case(const Court& court) {
  for (cases::Case& c : judge::bench_cases(court.registry.task("silu_and_mul")))
    if (c.name == kCase) return c;
  throw std::runtime_error("silu_and_mul has lost a case");
}

void expect_refused(Court& court, const JudgeFlags& flags, const Subject& candidate,
                    const Subject& baseline, const std::string& wrong) {
  ProfileFlags profile;
  profile.tool = "ncu";
  profile.out = testing::TempDir() + "fk_refused";
  try {
    profile_case(court, flags, profile, candidate, baseline, the_case(court), 7);
    ADD_FAILURE() << "it went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kCheckFailed) << e.text();
    EXPECT_TRUE(e.text().starts_with("--profile ncu: " + wrong +
                                     " is not run outside of the sandbox: the Judge does not find "
                                     "it right on llama_decode/bfloat16: "))
        << e.text();
  }
  EXPECT_FALSE(std::filesystem::exists(profile.out + "_llama_decode_bfloat16_candidate.csv"));
}

TEST(BenchTaskProfile, WhatIsWrongStaysInTheSandbox) {
  const JudgeFlags flags = flags_with("s3_zeros");
  Court court(flags);
  const Subject zeros = subjects(court, flags.task, "s3_zeros").at(0),
                cpu = subjects(court, flags.task, "cpu").at(0);
  expect_refused(court, flags, zeros, cpu, zeros.implementation);
  expect_refused(court, flags, cpu, zeros, zeros.implementation);  // whichever side it is
}

TEST(BenchTaskProfile, WhatTheGateRefusesStaysInTheSandbox) {
  const JudgeFlags flags = flags_with("c12_forks");
  Court court(flags);
  const Subject forks = subjects(court, flags.task, "c12_forks").at(0),
                cpu = subjects(court, flags.task, "cpu").at(0);
  expect_refused(court, flags, forks, cpu, forks.implementation);
}

TEST(BenchTaskProfile, RunsExactlyTheBytesThatWereJudged) {
  const JudgeFlags flags = flags_with("s3_zeros");
  Court court(flags);
  const Subject cpu = subjects(court, flags.task, "cpu").at(0);
  run_case_once(court, flags.task, cpu.implementation + "@" + cpu.plugin->hash, the_case(court));
  for (const std::string& which :
       {cpu.implementation, cpu.implementation + "@" + cpu.plugin->hash.substr(0, 12),
        cpu.implementation + "@" + std::string(16, '0')})
    EXPECT_THROW(run_case_once(court, flags.task, which, the_case(court)), Error) << which;
}

TEST(BenchTaskProfile, BothSidesStandBelowTheMeasurement) {
  const KernelLaunch norm{.name = "norm",
                          .grid = "(64, 1, 1)",
                          .block = "(256, 1, 1)",
                          .ns = 3000,
                          .compute = 12.5,
                          .memory = 60,
                          .occupancy = 75,
                          .registers = 32,
                          .shared_static = 128,
                          .shared_dynamic = 0};
  const ProfiledCase both{
      {"mine/mine", "3f", {norm, norm}, {"p_candidate.csv"}, {"ncu", "fk"}},
      {"cuda/cuda", "4a", {}, {"p_baseline.csv", "p_baseline.ncu-rep"}, {"ncu", "fk"}}};
  const std::string line =
      "               3.00 us  compute  12.5 %  memory  60.0 %  occupancy  75.0 %   32 registers  "
      "128 "
      "+ 0 B shared  (64, 1, 1) x (256, 1, 1)  norm\n";
  EXPECT_EQ(both.text(),
            "        under ncu mine/mine: 2 kernels, 6.00 us\n" + line + line +
                "        under ncu cuda/cuda: no kernel; copies and fills are none\n"
                "        kernels alone, each from flushed caches: 6.00 us against 0.00 us\n"
                "        written: p_candidate.csv, p_baseline.csv, p_baseline.ncu-rep\n");
  const Json j = both.to_json();
  EXPECT_EQ(j["profiler"], "ncu");
  EXPECT_EQ(j["candidate"]["kernel_us"], 6);
  EXPECT_EQ(j["candidate"]["kernels"].size(), 2u);
  EXPECT_EQ(j["baseline"]["files"][1], "p_baseline.ncu-rep");
}

}  // namespace
}  // namespace fk::core
