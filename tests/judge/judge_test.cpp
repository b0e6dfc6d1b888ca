// SPDX-License-Identifier: Apache-2.0
// The two processes: what is between them, and what is left when one of them dies.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/sanitized.hpp"
#include "core/judge/wire/region.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

TEST(Region, TheOtherSideCannotWriteWhatItMayOnlyRead) {
  const Region ours = Region::create(100, Region::Access::kReadOnly, "test");
  ours.data()[5] = 7;
  const Region theirs = Region::map(ours.descriptor(), 100, Region::Access::kReadOnly);
  EXPECT_EQ(theirs.data()[5], 7);
  EXPECT_THROW(Region::map(ours.descriptor(), 100, Region::Access::kReadWrite), core::Error);
  EXPECT_NE(mprotect(theirs.data(), 4096, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(pwrite(ours.descriptor(), "x", 1, 0), -1);
  EXPECT_NE(ftruncate(ours.descriptor(), 0), 0);
  ours.data()[5] = 8;  // the Judge can
  EXPECT_EQ(theirs.data()[5], 8);
}

TEST(Region, WritableOnesAreShared) {
  const Region ours = Region::create(100, Region::Access::kReadWrite, "test");
  const Region theirs = Region::map(ours.descriptor(), 100, Region::Access::kReadWrite);
  theirs.data()[9] = 3;
  EXPECT_EQ(ours.data()[9], 3);
}

CheckRecord check(Judge& judge, const PluginFile& p, const std::string& task,
                  const std::string& id) {
  return judge.check(p, task, id);
}

// What `fk check --all` says: every implementation that the project has for a CPU, but the
// reference, which is what they are judged by; composites with their children beside them.
class Baselines : public testing::TestWithParam<std::string> {};

TEST_P(Baselines, Pass) {
  JudgeOptions options = court_options();
  options.deadline = 20;
  options.runner.address_space = size_t{8} << 30;
  Judge judge(test::registry(), options);
  size_t judged = 0;
  for (const char* name : {"cpu", "composed"}) {
    const PluginFile plugin = baseline_plugin(name);
    for (const Offered& o : judge.offered(plugin, GetParam())) {
      const CheckRecord r = judge.check(plugin, GetParam(), o.id);
      EXPECT_TRUE(r.passed()) << o.id << ": " << failures(r);
      EXPECT_EQ(r.coverage, 1) << o.id;
      EXPECT_EQ(o.composite, plugin.name == "composed");
      ++judged;
    }
  }
  EXPECT_TRUE(judged > 0 || test::registry().task(GetParam()).level == 1);
}

// All tasks; in a sanitizer's build, where they would take an hour, some short ones.
std::vector<std::string> tasks() {
  if (core::kSanitized) return {"silu_and_mul", "rms_norm", "embedding", "sample", "llama_mlp"};
  std::vector<std::string> names;
  for (const auto& [name, task] : test::registry().tasks()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Registry, Baselines, testing::ValuesIn(tasks()),
                         [](const auto& info) { return info.param; });

TEST(Judge, FirstVerdictComesWithinASecond) {
  const auto begin = Clock::now();
  Judge judge(test::registry(), court_options());
  double first = 0;
  judge.check(baseline_plugin("cpu"), "silu_and_mul", "cpu/cpu",
              [&](const CaseResult&, size_t done, size_t) {
                if (done == 1) first = std::chrono::duration<double>(Clock::now() - begin).count();
              });
  EXPECT_GT(first, 0);
  EXPECT_LT(first, core::kSanitized ? 20 : 2);  // on a machine that does other things too
}

TEST(Judge, SaysWhereTheFirstDifferenceIsAndHowToSeeItAgain) {
  JudgeOptions o = court_options();
  Judge judge(test::registry(), o);
  const CheckRecord r =
      check(judge, corpus_plugin("evil", "s5_one_element"), "silu_and_mul", "s5_one_element/x");
  const auto bad = std::find_if(r.cases.begin(), r.cases.end(),
                                [](const auto& c) { return c.name == "odd/float32"; });
  ASSERT_NE(bad, r.cases.end());
  EXPECT_EQ(bad->code, "wrong");
  EXPECT_EQ(bad->tensor, "y");
  EXPECT_EQ(bad->index, 1u * 37 + 18);
  EXPECT_NEAR(bad->error, 0.25, 1e-3);
  EXPECT_LT(bad->bound, 1e-4);
  const std::string start =
      "fk check silu_and_mul --impl s5_one_element/x --case odd/float32 --seed ";
  ASSERT_TRUE(bad->reproduce.starts_with(start)) << bad->reproduce;
  // The command's words do it.
  o.only = "odd/float32";
  o.seed = std::stoull(bad->reproduce.substr(start.size()));
  Judge again(test::registry(), o);
  const CheckRecord same =
      check(again, corpus_plugin("evil", "s5_one_element"), "silu_and_mul", "s5_one_element/x");
  ASSERT_EQ(same.cases.size(), 1u);
  EXPECT_EQ(same.cases[0].found, bad->found);
  EXPECT_EQ(same.cases[0].expected, bad->expected);
}

TEST(Judge, HiddenShapesStayHidden) {
  Judge judge(test::registry(), court_options());
  const CheckRecord r =
      check(judge, corpus_plugin("evil", "s3_zeros"), "silu_and_mul", "s3_zeros/x");
  size_t hidden = 0;
  for (const CaseResult& c : r.cases) {
    if (!c.hidden) continue;
    ++hidden;
    const Json j = c.to_json();
    EXPECT_EQ(j.value("text", ""), "on a shape that stands nowhere (wrong)");
    EXPECT_FALSE(j.contains("reproduce"));
    EXPECT_FALSE(j.contains("first_difference"));
  }
  EXPECT_GE(hidden, 2u);
}

TEST(Judge, ACrashCostsItsCaseAndNoOther) {
  Judge judge(test::registry(), court_options());
  const CheckRecord r =
      check(judge, corpus_plugin("evil", "c8_crashes"), "silu_and_mul", "c8_crashes/x");
  EXPECT_EQ(r.count("crashed"), 4u);
  EXPECT_EQ(r.count("pass"), 0u);
  EXPECT_NE(failures(r).find("signal 11"), std::string::npos) << failures(r);
}

// Nothing is opened any more when a plugin runs, but for what it said beforehand.
TEST(Judge, WhatAPluginOpensItselfIsOpenedBeforeIt) {
  Judge judge(test::registry(), court_options());
  PluginFile p = corpus_plugin("baseline", "opens_a_library");
  p.baseline = true;  // of a candidate the gate refuses dlopen
  const std::string id = "opens_a_library/x";
  if (!core::kSanitized) { EXPECT_FALSE(judge.check(p, "silu_and_mul", id).passed()); }
  p.opens = {"libsqlite3.so.0", "libnowhere.so.7"};
  const CheckRecord r = judge.check(p, "silu_and_mul", id);
  EXPECT_TRUE(r.passed()) << failures(r);
  EXPECT_EQ(std::count(r.gate.flags.begin(), r.gate.flags.end(), "opens libsqlite3.so.0 itself"),
            1);
}

TEST(Judge, AHangIsReportedByItsDeadline) {
  JudgeOptions o = court_options();
  o.deadline = 1;
  o.only = "odd/float32";
  Judge judge(test::registry(), o);
  const auto begin = Clock::now();
  const CheckRecord r =
      check(judge, corpus_plugin("evil", "c8_hangs"), "silu_and_mul", "c8_hangs/x");
  EXPECT_EQ(r.count("timeout"), 1u) << failures(r);
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - begin).count(), o.deadline + 5);
}

bool alive(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return (stat >> number >> name >> state) && state != "Z" && state != "X";
}
bool gone_within(int pid, int milliseconds) {
  for (int i = 0; i < milliseconds && alive(pid); i += 5) usleep(5000);
  return !alive(pid);
}

TEST(RunnerProcess, KilledInTheMiddleIsACrash) {
  const JudgeOptions o = court_options();
  RunnerProcess runner(o.runner, baseline_plugin("cpu"), {}, 5);
  const int pid = runner.pid();
  kill(pid, SIGKILL);
  try {
    runner.request({{"op", "run"}}, 2);
    ADD_FAILURE() << "it answered";
  } catch (const RunnerFailure& e) {
    EXPECT_EQ(e.failure(), "crashed");
    EXPECT_NE(e.text().find("signal 9"), std::string::npos) << e.text();
  }
  EXPECT_TRUE(gone_within(pid, 1000));
}

// Killed with SIGKILL the Judge can clean nothing up: the kernel does.
// Else its first card is another one than the Judge's.
TEST(RunnerProcess, SeesTheCardsThatItsJudgeSees) {
  setenv("CUDA_VISIBLE_DEVICES", "3,1", 1);
  setenv("FK_SECRET", "x", 1);
  const RunnerProcess runner(court_options().runner, baseline_plugin("cpu"), {}, 5);
  unsetenv("CUDA_VISIBLE_DEVICES");
  unsetenv("FK_SECRET");
  std::ifstream file(fmt::format("/proc/{}/environ", runner.pid()), std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(all.find(std::string("CUDA_VISIBLE_DEVICES=3,1\0", 25)), std::string::npos);
  EXPECT_EQ(all.find("FK_SECRET"), std::string::npos);
}

TEST(RunnerProcess, DiesWithItsJudge) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t judge = fork();
  if (judge == 0) {
    RunnerProcess runner(court_options().runner, baseline_plugin("cpu"), {}, 10);
    const int pid = runner.pid();
    if (write(ends[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    for (;;) pause();
  }
  int pid = 0;
  ASSERT_EQ(read(ends[0], &pid, sizeof pid), ssize_t(sizeof pid));
  EXPECT_TRUE(alive(pid));
  kill(judge, SIGKILL);
  waitpid(judge, nullptr, 0);
  EXPECT_TRUE(gone_within(pid, 3000));
  close(ends[0]);
  close(ends[1]);
}

TEST(RunnerProcess, SaysWhichLayersStand) {
  RunnerProcess runner(court_options().runner, baseline_plugin("cpu"), {}, 5);
  std::set<std::string> names;
  for (const SandboxLayer& l : runner.layers()) {
    names.insert(l.name);
    EXPECT_EQ(l.on, l.why.empty()) << l.name << ": " << l.why;
    // These need nothing of the system but a kernel that has them.
    if (!core::kSanitized && (l.name == "no_new_privs" || l.name == "rlimits" ||
                              l.name == "seccomp" || l.name == "seccomp_after_load")) {
      EXPECT_TRUE(l.on) << l.name << ": " << l.why;
    }
  }
  EXPECT_EQ(names.size(), 14u);
}

TEST(RunnerProcess, WorksWhereNamespacesAreForbidden) {
  RunnerOptions o = court_options().runner;
  o.namespaces = false;
  RunnerProcess runner(o, baseline_plugin("cpu"), {}, 5);
  for (const SandboxLayer& l : runner.layers())
    if (l.name.find("namespace") != l.name.npos) { EXPECT_FALSE(l.on) << l.name; }
  EXPECT_FALSE(runner.offered().empty());
}

}  // namespace
}  // namespace fk::judge
