// SPDX-License-Identifier: Apache-2.0
// Several judgements at a time say what one after the other says.
#include "core/resolver/measurer.hpp"

#include "core/record/record.hpp"
#include "tests/judge/court.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::judge {
namespace {

using resolver::Measurer;

TEST(Measurer, JudgesSeveralAtATime) {
  Judge judge(test::registry(), court_options());
  std::deque<PluginFile> plugins;
  for (const char* name : {"plain", "blocks", "columns_first"})
    plugins.push_back(corpus_plugin("honest", name));
  for (const char* name : {"c8_crashes", "s3_zeros"})
    plugins.push_back(corpus_plugin("evil", name));
  const core::TaskSpec& task = test::registry().task("silu_and_mul");
  record::Recorder nowhere(false);
  Measurer measurer({judge, plugins, {}, nowhere, {}, 3});

  std::vector<Measurer::Asked> asked;
  for (const PluginFile& p : plugins) asked.push_back({&task, {p.name + "/x", "1.0.0", p.hash}});
  asked.push_back(asked[0]);  // of two places of a model
  size_t lines = 0;
  measurer.judge(asked, [&](const std::string&) { ++lines; });
  EXPECT_EQ(measurer.judged(), plugins.size());
  EXPECT_EQ(measurer.known(), 0u);
  EXPECT_GT(lines, 100u);

  for (size_t i = 0; i < plugins.size(); ++i) {
    const auto v = measurer.verdict(task, asked[i].implementation, true, {});
    ASSERT_TRUE(v) << plugins[i].name;
    EXPECT_EQ(v->passed, i < 3) << plugins[i].name << ": " << v->text;
  }
  EXPECT_EQ(measurer.known(), 0u) << "they are news";
  measurer.judge(asked, {});
  EXPECT_EQ(measurer.judged(), plugins.size()) << "all are known by now";
  measurer.verdict(task, asked[0].implementation, true, {});
  EXPECT_EQ(measurer.known(), 1u);
}

// A store that has times of `plain` beside `blocks`, and a measurer that need not take any.
struct MeasurerMemory : testing::Test {
  std::deque<PluginFile> plugins = {corpus_plugin("honest", "plain"),
                                    corpus_plugin("honest", "blocks")};
  const core::TaskSpec& task = test::registry().task("silu_and_mul");
  const cases::Case asked = bench_cases(task, true).at(0);
  const test::TempFolder folder;
  record::Recorder recorder{true, folder.path() / "results.db"};
  JudgeOptions options = court_options();
  record::Machine machine;

  store::Measurement measured(const BenchResult& r) const {
    return record::measurement(machine, test::registry(), task, asked, {&plugins[0], "plain/plain"},
                               {&plugins[1], "blocks/blocks"}, r, "");
  }
  // "": nothing is known.
  std::string known(bool look) {
    Judge judge(test::registry(), options);  // no Runner is started, and no card asked
    Measurer measurer({judge, plugins, machine, recorder, {}, 1});
    const auto t = measurer.timing(task, asked, {"plain/plain", "", plugins[0].hash},
                                   {"blocks/blocks", "", plugins[1].hash}, look, {});
    EXPECT_EQ(measurer.measured(), 0u);
    return t ? t->code : "";
  }
};

TEST_F(MeasurerMemory, ATimeTakenInAnotherWayIsNotKnown) {
  options.runner.device = {FK_CUDA, 0};
  machine.device = "a card";
  const auto remembered = [&](const char* l2_state) {
    store::Measurement m = measured({.code = "SAME", .speedup = {1, 1, 1}});
    m.seconds = m.baseline_seconds = 1e-5;
    m.l2_state = l2_state;
    recorder.add(m);
    return known(true);
  };
  EXPECT_EQ(remembered("cold: twice its size is written and read before every call"), "");
  EXPECT_EQ(remembered("in a chain: behind a kernel that reads 1 MiB"), "");
  EXPECT_EQ(remembered("as the calls before left it"), "SAME");
}

// What the clocks contradict once may be the machine's doing; what they always do is not.
TEST_F(MeasurerMemory, ClocksThatDisagreeAreAskedAgainButNotForEver) {
  const BenchResult busy{.code = "REFUSED", .text = "clock: one more call costs 9e-05 s"};
  recorder.add(measured({.code = "SAME", .speedup = {1, 1, 1}}));
  for (int i = 0; i < 2; ++i) recorder.add(measured(busy));
  EXPECT_EQ(known(true), "SAME") << "who only looks does not hear of it";
  EXPECT_EQ(known(false), "SAME");
  recorder.add(measured(busy));
  EXPECT_EQ(known(true), "REFUSED");
  EXPECT_EQ(known(false), "REFUSED");
}

}  // namespace
}  // namespace fk::judge
