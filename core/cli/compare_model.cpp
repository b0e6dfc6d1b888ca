// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/base/error.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/compare.hpp"

namespace fk::core {
namespace {

// A model with one version pinned, and what times it.
struct Pinned {
  Session session;
  std::unique_ptr<CausalLm> lm;
  WorkloadRunner runner;

  Pinned(const ModelFlags& flags, uint64_t seed)
      : session(flags, false),
        lm(session.causal_lm(TextOptions{})),
        runner(*lm, session.workspace.registry(), session.build.dtype, {seed}) {}
};

ModelFlags flags_of(const CompareFlags& f, const std::string& task, const CompareSide& side) {
  if (!side.subject) bad_input("{} cannot be run: {}", side.text(), side.missing);
  ModelFlags m;
  m.config = f.config;
  m.device = f.judge.device;
  m.threads = f.judge.threads;
  m.candidates = f.judge.candidates;
  m.pins = {fmt::format("{}={}@{}", task, side.version.implementation, side.version.hash)};
  if (side.subject->plugin->yaml.empty()) m.versions = {side.subject->plugin->copy};
  // Two models at once: each has room for the one sequence that it runs.
  m.max_num_seqs = 1;
  m.max_model_len = f.prompt + f.tokens + 1;
  return m;
}

Workload workload(Workload::Kind kind, const CompareFlags& f) {
  Workload w;
  w.kind = kind;
  w.prompt = f.prompt;
  w.text = fmt::format("prefill:{}", f.prompt);
  if (kind == Workload::Kind::kSteps) {
    w.fewer = 1;
    w.tokens = 1 + f.tokens;
    w.text = fmt::format("steps:1x{}:1-{}", f.prompt, w.tokens);
  }
  return w;
}

}  // namespace

InModel compare_in_model(const CompareFlags& f, const std::string& task, const CompareSide& first,
                         const CompareSide& second) {
  const uint64_t seed = f.judge.seed;
  Pinned a(flags_of(f, task, first), seed), b(flags_of(f, task, second), seed);
  const Workload prefill = workload(Workload::Kind::kPrefill, f),
                 decode = workload(Workload::Kind::kSteps, f);
  Pinned* const both[] = {&a, &b};
  for (Pinned* p : both) {
    p->runner.warm_up();
    p->runner.run(prefill);
    p->runner.run(decode);
  }
  InModel out;
  out.samples = Json::array();
  out.machine = machine_of(a.session, *a.lm);
  std::vector<double> prefills, decodes;
  for (int round = 0; round < f.rounds; ++round) {
    double prefill_s[2], decode_s[2];
    // Who begins takes turns, so that a machine that slows down favours neither.
    for (const int i : {round % 2, 1 - round % 2}) {
      prefill_s[i] = both[i]->runner.run(prefill).runs.at(0).seconds;
      decode_s[i] = both[i]->runner.run(decode).seconds_per_step();
    }
    out.samples.push_back({round, prefill_s[0], prefill_s[1], decode_s[0], decode_s[1]});
    prefills.push_back(std::log(prefill_s[0] / prefill_s[1]));
    // A difference of two times: noise may leave nothing of it.
    if (decode_s[0] > 0 && decode_s[1] > 0) decodes.push_back(std::log(decode_s[0] / decode_s[1]));
  }
  out.prefill = judge::ratio_interval({prefills}, 1);
  out.decode = judge::ratio_interval({decodes}, 1);
  return out;
}

}  // namespace fk::core
