// SPDX-License-Identifier: Apache-2.0
// What the search is told of a model's parts.
#include "core/resolver/parts.hpp"

#include <cmath>

#include "tests/judge/court.hpp"

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

}  // namespace
}  // namespace fk::judge
