// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/cli/best.hpp"
#include "core/cli/compare.hpp"
#include "core/cli/progress.hpp"

namespace fk::core {
namespace {

ModelFlags baselines(const CompareFlags& f) {
  ModelFlags m;
  m.config = f.config;
  m.device = f.judge.device;
  m.threads = f.judge.threads;
  m.candidates = f.judge.candidates;
  m.policy = "baseline";
  return m;
}

}  // namespace

ModelFlags with_version(const CompareFlags& f, const std::string& task, const CompareSide& side) {
  if (!side.subject) bad_input("{} cannot be run: {}", side.text(), side.missing);
  ModelFlags m = baselines(f);
  const bool phase = !f.where.empty() && f.where[0] != '@';
  m.pins = {fmt::format("{}{}{}={}@{}", task, phase ? ":" : "", f.where,
                        side.version.implementation, side.version.hash)};
  if (side.subject->plugin->yaml.empty()) m.versions = {side.subject->plugin->copy};
  return m;
}

bool is_plan(const std::string& word) {
  return word == "baseline" || word.ends_with(".yaml") || word.ends_with(".yml");
}

ModelFlags with_plan(const CompareFlags& f, const std::string& word) {
  ModelFlags m = baselines(f);
  if (word != "baseline") m.plan = word;
  return m;
}

InModel compare_in_model(const CompareFlags& f, const ModelFlags& first, const ModelFlags& second) {
  // Each has a catalog of its own, since two versions have one name.
  const Session a(first, false), b(second, false);
  InModel out;
  out.workload = f.workload.empty() ? default_workload(a) : resolver::Workload::parse(f.workload);
  const resolver::Subject one = subject_of(a, a.weights(a.dry_model()->plan()));
  resolver::Subject other = subject_of(b, one.weights);
  other.build.device_weights = one.build.device_weights;
  const auto steps = resolver::steps_of(out.workload, one.is_encoder());
  const auto side = [&](const resolver::Subject& s) -> resolver::Side {
    return {[&s, w = out.workload] {
      return s.build.replay ? resolver::make_rig(s, *s.build.replay, w)
                            : resolver::make_rig(s, s.build.policy, w);
    }};
  };
  resolver::Side with_first = side(one), with_second = side(other);
  const resolver::Rounds rounds{.least = size_t(f.rounds),
                                .seconds = 0,
                                .builds = size_t(f.builds),
                                .most = size_t(f.builds)};
  uint64_t draw = f.judge.seed;
  StatusLine status;
  out.gain = resolver::in_turn(
      with_first, with_second, steps, rounds, draw, [&](const resolver::Gain& so_far) {
        status(fmt::format("build {} of {}: {:.3f}x [{:.3f}, {:.3f}] in all", so_far.samples.size(),
                           f.builds, so_far.whole.middle, so_far.whole.low, so_far.whole.high));
      });
  return out;
}

}  // namespace fk::core
