// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/cli/best.hpp"
#include "core/cli/compare.hpp"
#include "core/cli/progress.hpp"

namespace fk::core {
namespace {

// A model with one version pinned; each has a catalog of its own, since two versions have one name.
struct Pinned {
  Session session;
  std::unique_ptr<resolver::Rig> rig;

  explicit Pinned(const ModelFlags& flags) : session(flags, false) {}
  void build(const resolver::Workload& workload, std::shared_ptr<WeightStore> weights) {
    const resolver::Subject subject{session.workspace.catalog(), session.assets, session.build,
                                    session.engine_options, std::move(weights)};
    rig = resolver::make_rig(subject, session.build.policy, workload);
  }
};

ModelFlags flags_of(const CompareFlags& f, const std::string& task, const CompareSide& side) {
  if (!side.subject) bad_input("{} cannot be run: {}", side.text(), side.missing);
  ModelFlags m;
  m.config = f.config;
  m.device = f.judge.device;
  m.threads = f.judge.threads;
  m.candidates = f.judge.candidates;
  m.policy = "baseline";
  const bool phase = !f.where.empty() && f.where[0] != '@';
  m.pins = {fmt::format("{}{}{}={}@{}", task, phase ? ":" : "", f.where,
                        side.version.implementation, side.version.hash)};
  if (side.subject->plugin->yaml.empty()) m.versions = {side.subject->plugin->copy};
  return m;
}

}  // namespace

InModel compare_in_model(const CompareFlags& f, const std::string& task, const CompareSide& first,
                         const CompareSide& second) {
  Pinned a(flags_of(f, task, first)), b(flags_of(f, task, second));
  InModel out;
  out.workload =
      f.workload.empty() ? default_workload(a.session) : resolver::Workload::parse(f.workload);
  const std::shared_ptr<WeightStore> weights = a.session.weights(a.session.dry_model()->plan());
  const bool encoder = a.session.assets.config.engine == Config::Engine::kEncoder;
  const auto steps = resolver::steps_of(out.workload, encoder);
  uint64_t draw = f.judge.seed;
  std::vector<std::vector<resolver::Gain::Sample>> builds;
  StatusLine status;
  for (int build = 0; build < f.builds; ++build) {
    Pinned* const both[] = {&a, &b};
    for (Pinned* p : both) p->rig.reset();
    for (const int i : {build % 2, 1 - build % 2}) both[i]->build(out.workload, weights);
    const auto gain = resolver::in_turn(*a.rig, *b.rig, steps, {.least = size_t(f.rounds)}, draw);
    builds.push_back(gain.samples.at(0));
    status(fmt::format("build {} of {}: {:.3f}x [{:.3f}, {:.3f}] in all", build + 1, f.builds,
                       gain.whole.middle, gain.whole.low, gain.whole.high));
  }
  out.gain = resolver::of_builds(builds, steps, draw);
  return out;
}

}  // namespace fk::core
