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

}  // namespace
}  // namespace fk::judge
