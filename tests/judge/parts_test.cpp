// SPDX-License-Identifier: Apache-2.0
// What the search is told of a model's parts.
#include "core/resolver/parts.hpp"

#include <cmath>

#include "core/record/record.hpp"
#include "tests/judge/court.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::judge {
namespace {

using core::Phase;
using core::search::kNotMeasured;

// A part that the workload calls in decode steps alone costs nothing in prefill, whoever computes
// it. What is given up there, for what is above does not go together with it, is still given up:
// for otherwise the search comes to the same again.
TEST(Parts, WhatIsGivenUpIsSoWithoutACall) {
  Judge judge(test::registry(), court_options());
  const std::deque<PluginFile> none;
  record::Recorder nowhere(false);
  resolver::Measurer measurer({judge, none, {}, nowhere, {}, 1});
  core::Implementation a{}, b{};
  a.plugin = a.name = "a", b.plugin = b.name = "b";
  resolver::Space space;
  resolver::SubProblem& sub = space.subs.emplace_back();
  sub.task = "paged_attention";
  sub.decode = 1;
  for (const core::Implementation* i : {&a, &b}) {
    auto& alternative = sub.alternatives.emplace_back();
    alternative.implementation = i, alternative.built = true;
  }
  resolver::Parts parts(space, test::registry(), measurer);
  resolver::Call call;
  call.phase = Phase::kDecode;
  parts.add_call(0, call);
  const auto seconds = [&](size_t option, Phase p) {
    return parts.problem({1, 1}).subs[0].options[option].seconds[size_t(p)];
  };
  EXPECT_EQ(seconds(0, Phase::kPrefill), 0);
  EXPECT_EQ(seconds(1, Phase::kPrefill), 0);
  parts.keep_out_of(Phase::kPrefill, 0, 1);
  EXPECT_EQ(seconds(0, Phase::kPrefill), 0);
  EXPECT_EQ(seconds(1, Phase::kPrefill), kNotMeasured);
  EXPECT_EQ(seconds(1, Phase::kDecode), 0) << "it is the baseline there";
}

// Nobody measured what pays in the model for calls too large to be judged: the baseline takes what
// its calls were seen to take, what joined what it saved of that, and what joined in its place what
// it saved of what that left.
TEST(Parts, WhatPaysInPlaceIsPickedWhereNobodyMeasured) {
  Judge judge(test::registry(), court_options());
  const std::deque<PluginFile> none;
  record::Recorder nowhere(false);
  resolver::Measurer measurer({judge, none, {}, nowhere, {}, 1});
  core::Implementation named[3] = {};
  resolver::Space space;
  resolver::SubProblem& sub = space.subs.emplace_back();
  sub.task = "linear";
  for (core::Implementation& i : named) {
    i.plugin = i.name = std::string(1, char('a' + (&i - named)));
    auto& alternative = sub.alternatives.emplace_back();
    alternative.implementation = &i, alternative.built = true;
  }
  resolver::Parts parts(space, test::registry(), measurer);
  resolver::Call call;
  call.phase = Phase::kPrefill;
  call.seconds = 0.5, call.calls = 1;
  parts.add_call(0, call);
  const auto seconds = [&](size_t option, Phase p) {
    return parts.problem({1, 1}).subs[0].options[option].seconds[size_t(p)];
  };
  EXPECT_EQ(seconds(0, Phase::kPrefill), 0) << "nothing competes";
  EXPECT_EQ(seconds(1, Phase::kPrefill), kNotMeasured);
  const auto joins = [&](size_t option, double plan, double saved) {
    parts.seen_in_place({0, option, {true, false}, true}, {plan, 0}, {saved, 0}, {1, 1}, "1.2x");
  };
  joins(1, 0, 0.2);
  EXPECT_DOUBLE_EQ(seconds(0, Phase::kPrefill), 0.5);
  EXPECT_DOUBLE_EQ(seconds(1, Phase::kPrefill), 0.4);
  EXPECT_EQ(seconds(2, Phase::kPrefill), kNotMeasured);
  EXPECT_EQ(seconds(1, Phase::kDecode), 0);
  joins(2, 0.4, 0.1);
  EXPECT_DOUBLE_EQ(seconds(2, Phase::kPrefill), 0.35);
  EXPECT_DOUBLE_EQ(seconds(1, Phase::kPrefill), 0.4);
  // It was faster as a whole, whatever noise says of the phase.
  joins(2, 0.4, -0.1);
  EXPECT_LT(seconds(2, Phase::kPrefill), 0.4);
  EXPECT_TRUE(parts.is_seen_in_place(0, 2));
}

// Alone a candidate may be slower by more than another baseline and is still asked first.
TEST(Parts, CandidatesAreTriedInPlaceFirst) {
  Judge judge(test::registry(), court_options());
  const std::deque<PluginFile> plugins = {corpus_plugin("honest", "plain"),
                                          corpus_plugin("honest", "blocks"),
                                          corpus_plugin("honest", "columns_first")};
  const core::TaskSpec& task = test::registry().task("silu_and_mul");
  const test::TempFolder folder;
  record::Recorder recorder(true, folder / "results.db");
  resolver::Measurer measurer({judge, plugins, {}, recorder, {}, 2});
  resolver::Space space;
  resolver::SubProblem& sub = space.subs.emplace_back();
  sub.task = task.name;
  const fk_impl leaf{};  // says that it is no composite
  core::Implementation named[3] = {};
  for (size_t i = 0; i < 3; ++i) {
    core::Implementation& impl = named[i];
    impl.impl = &leaf, impl.plugin = plugins[i].name, impl.name = "x", impl.hash = plugins[i].hash;
    impl.kind =
        i == 1 ? core::Implementation::Kind::kCandidate : core::Implementation::Kind::kBaseline;
    auto& alternative = sub.alternatives.emplace_back();
    alternative.implementation = &impl, alternative.built = true;
  }
  resolver::Parts parts(space, test::registry(), measurer);
  resolver::Call call;
  call.phase = Phase::kDecode;
  call.seconds = 0.5, call.calls = 1;
  call.given = bench_cases(task).at(0);
  parts.add_call(0, call);
  for (size_t i : {size_t{1}, size_t{2}}) {
    store::Measurement m =
        record::measurement({}, test::registry(), task, call.given, {&plugins[i], named[i].id()},
                            {&plugins[0], named[0].id()}, BenchResult{.code = "SLOW"}, "");
    const double ratio = i == 1 ? 0.86 : 0.96;
    m.ratio_low = ratio - 0.01, m.ratio = ratio, m.ratio_high = ratio + 0.01;
    m.seconds = 1 / ratio, m.baseline_seconds = 1;
    recorder.add(m);
  }
  parts.measure([](const core::Implementation&) { return false; }, {});
  EXPECT_EQ(measurer.known(), 2u) << "both were timed before";
  const auto found = parts.contenders({1, 1});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].alternative, 1u);
  EXPECT_EQ(found[1].alternative, 2u);
  EXPECT_TRUE(found[0].is_worth_a_trial());

  // The same call in a model that takes five hundred times as long.
  space.root = 1;
  space.subs.emplace_back();
  resolver::Parts small(space, test::registry(), measurer);
  small.add_call(0, call);
  resolver::Call whole;
  whole.phase = Phase::kDecode;
  whole.seconds = 500 * call.seconds, whole.calls = 1;
  small.add_call(1, whole);
  small.measure([](const core::Implementation&) { return false; }, {});
  ASSERT_EQ(small.contenders({1, 1}).size(), 2u);
  EXPECT_FALSE(small.contenders({1, 1})[0].is_worth_a_trial());
}

}  // namespace
}  // namespace fk::judge
