// SPDX-License-Identifier: Apache-2.0
#include "core/record/record.hpp"

#include <set>

#include "core/judge/draws.hpp"
#include "core/record/machine.hpp"
#include "tests/judge/court.hpp"
#include "tests/support/errors.hpp"

namespace fk::record {
namespace {

using judge::CheckRecord;
using judge::Judge;
using judge::PluginFile;

const core::TaskSpec& silu() { return test::registry().task("silu_and_mul"); }
Machine machine() { return machine_of({FK_CPU, 0}, 2, FK_SOURCE_DIR); }

TEST(Machine, NamesTheProcessorAndHowMuchOfItIsUsed) {
  const Machine m = machine();
  EXPECT_TRUE(m.device.ends_with(", 2 threads")) << m.device;
  EXPECT_NE(machine_of({FK_CPU, 0}, 1, FK_SOURCE_DIR).device, m.device);
  EXPECT_TRUE(m.driver.starts_with("Linux ")) << m.driver;
  EXPECT_EQ(m.clocks["threads"], 2);
}

TEST(Machine, AFolderOutsideOfARepositoryHasNoRevision) {
  EXPECT_EQ(harness_revision("/"), "");
  EXPECT_EQ(source_revision("/no/such/folder"), "");
}

TEST(Draws, ComeAgainFromTheirSeedAndAreAllDifferent) {
  judge::Draws a(7), b(7), other(8);
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const uint64_t x = a();
    EXPECT_EQ(b(), x);
    seen.insert(x);
    seen.insert(other());
  }
  EXPECT_EQ(seen.size(), 200u);
}

// The whole of a judgement, the shapes that stand nowhere too.
TEST(Seeds, RepeatACheck) {
  judge::JudgeOptions o = judge::court_options();
  const PluginFile plugin = judge::corpus_plugin("evil", "s5_one_element");
  const CheckRecord first =
      Judge(test::registry(), o).check(plugin, "silu_and_mul", "s5_one_element/x");
  ASSERT_EQ(first.seeds.size(), 1u);
  EXPECT_FALSE(first.seed_given);
  o.seed = first.seeds[0];
  const CheckRecord again =
      Judge(test::registry(), o).check(plugin, "silu_and_mul", "s5_one_element/x");
  EXPECT_EQ(again.seeds, first.seeds);
  EXPECT_TRUE(again.seed_given);
  ASSERT_EQ(again.cases.size(), first.cases.size());
  size_t wrong = 0;
  for (size_t i = 0; i < first.cases.size(); ++i) {
    const auto &a = first.cases[i], &b = again.cases[i];
    EXPECT_EQ(a.code, b.code) << a.name;
    EXPECT_EQ(a.index, b.index) << a.name;
    if (a.code == "wrong") { EXPECT_EQ(a.expected, b.expected) << a.name; }
    wrong += a.code == "wrong";
  }
  EXPECT_GT(wrong, 0u);
  o.seed = 0;
  const CheckRecord other =
      Judge(test::registry(), o).check(plugin, "silu_and_mul", "s5_one_element/x");
  EXPECT_NE(other.seeds, first.seeds);
}

TEST(Verdict, HoldsTheFirstFailureAndWhatWasAsked) {
  judge::JudgeOptions o = judge::court_options();
  o.only = "odd/float32";
  const PluginFile plugin = judge::corpus_plugin("evil", "s5_one_element");
  const CheckRecord r = Judge(test::registry(), o).check(plugin, silu().name, "s5_one_element/x");
  const store::Verdict v = verdict(machine(), test::registry(), silu(), plugin, r, "");
  EXPECT_FALSE(v.passed);
  EXPECT_EQ(v.code, "wrong");
  EXPECT_EQ(v.case_id, "odd/float32");
  EXPECT_EQ(v.tensor, "y");
  EXPECT_EQ(v.bad_index, 1 * 37 + 18);
  EXPECT_EQ(v.hash, plugin.hash);
  EXPECT_EQ(v.seeds, Json(r.seeds));
  EXPECT_EQ(v.record["cases"][0]["case"], "odd/float32");
  // The same cases make the same set; a verdict on numbers that were chosen is another thing.
  CheckRecord other = r;
  other.cases[0].code = "pass";
  EXPECT_EQ(case_set_of(test::registry(), silu(), other), v.case_set);
  other.cases.push_back({"hidden_1", "pass", "", true});
  EXPECT_EQ(case_set_of(test::registry(), silu(), other), v.case_set);
  other.seed_given = true;
  EXPECT_NE(case_set_of(test::registry(), silu(), other), v.case_set);
  other = r;
  other.cases.push_back({"more", "pass"});
  EXPECT_NE(case_set_of(test::registry(), silu(), other), v.case_set);
}

TEST(Verdict, OfARefusedPluginSaysWhy) {
  const PluginFile plugin = judge::corpus_plugin("honest", "plain");
  CheckRecord r;
  r.implementation = "plain/x", r.refusal = "gate: imports fork";
  const store::Verdict v = verdict(machine(), test::registry(), silu(), plugin, r, "");
  EXPECT_EQ(v.code, "refused");
  EXPECT_EQ(v.text, "gate: imports fork");
}

TEST(Measurement, HoldsWhatWasTimed) {
  Judge judge(test::registry(), judge::court_options());
  const PluginFile plain = judge::corpus_plugin("honest", "plain"),
                   cpu = judge::baseline_plugin("cpu");
  judge::BenchOptions o;
  o.budget = 0.2;
  const cases::Case c = judge::bench_cases(silu()).at(0);
  const judge::Contestant a{&plain, "plain/x", "1.0.0"}, b{&cpu, "cpu/cpu", "1.0.0"};
  const judge::BenchResult r = judge::bench_case(judge, silu().name, c, a, b, o);
  ASSERT_GT(r.rounds, 0u) << r.text;
  const store::Measurement m =
      measurement(machine(), test::registry(), silu(), c, a, b, r, "context");
  EXPECT_EQ(m.signature, fmt::format("{:016x}", silu().signature));
  EXPECT_EQ(m.case_id, c.name);
  EXPECT_EQ(m.hash, plain.hash);
  EXPECT_EQ(m.baseline_hash, cpu.hash);
  EXPECT_EQ(m.context, "context");
  EXPECT_EQ(m.ratio, r.speedup.middle);
  EXPECT_EQ(m.samples.size(), r.rounds);
  EXPECT_EQ(m.seeds.size(), 1u);
  EXPECT_EQ(m.bucket, "decode") << m.case_id;
}

TEST(Measurement, TheContextIsThatOfTheCompanions) {
  PluginFile a, b;
  a.name = "cpu", a.hash = "1";
  b.name = "composed", b.hash = "2";
  EXPECT_EQ(context_of({}), "");
  EXPECT_EQ(context_of({a, b}), context_of({b, a}));
  PluginFile c = b;
  c.hash = "3";
  EXPECT_NE(context_of({a, b}), context_of({a, c}));
}

// As the plan of a model writes it, children that are given included.
TEST(Measurement, TheInitIsCanonical) {
  for (const auto& [name, task] : test::registry().tasks())
    for (const cases::Case& c : judge::bench_cases(task)) {
      const core::Json init = core::Json::parse(canonical_init(test::registry(), task, c));
      for (const core::Field& f : task.init) EXPECT_TRUE(init.contains(f.name)) << name << f.name;
    }
}

TEST(Machine, TheDriversVersionIsReadOfEitherModule) {
  EXPECT_EQ(driver_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 "
                           "22:23:56 UTC 2024"),
            "550.54.15");
  EXPECT_EQ(driver_version("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  "
                           "Release Build  (builder@host)"),
            "580.159.04");
  EXPECT_EQ(driver_version(""), "");
}

}  // namespace
}  // namespace fk::record
