// SPDX-License-Identifier: Apache-2.0
// The host's own work in a decode step of many sequences (`decode_host_us` of fk bench model), on a
// card that does nothing: scheduling, writing the step, and handing out tokens, but no call of a
// driver, which are counted instead, and no model's on_step. At most 60 us for 256 sequences on a
// real card, with the calls. `cold` puts other data in the caches between steps, as what a process
// does while a card works may; how cold that is depends on the machine. `ragged`: somebody begins a
// block in every step.
#include <benchmark/benchmark.h>

#include "core/engine/workload_runner.hpp"
#include "tests/support/late_card/late_model.hpp"

namespace {

using namespace fk::test;  // NOLINT: a benchmark is a program of its own

constexpr int64_t kPrompt = 32, kSteps = 600, kWarm = 20;

void decode_step(benchmark::State& state, bool cold, bool ragged = false) {
  const int64_t seqs = state.range(0);
  fk::core::EngineOptions o;
  o.max_num_seqs = 256;
  o.block_size = 16;
  o.max_model_len = 1024;
  o.num_blocks = seqs * 64;
  auto card = std::make_shared<LateCard>(true);
  auto lm = late_llama(o, card);
  int64_t tokens = 0;
  std::vector<double> us;
  std::vector<char> others(cold ? size_t{64} << 20 : 0);
  LateCard::Calls before;
  for (auto _ : state) {
    for (int64_t i = 0; i < seqs; ++i) {
      fk::core::Request r;
      r.prompt.assign(size_t(kPrompt + (ragged ? i % o.block_size : 0)), int32_t(i));
      r.sampling.max_tokens = kSteps + kWarm + 2;
      r.sampling.ignore_eos = true;
      r.on_token = [&tokens](const fk::core::TokenEvent&) { ++tokens; };
      lm->add(std::move(r));
    }
    for (int64_t i = 0; i < kWarm; ++i) lm->step();
    before = card->calls;
    for (int64_t i = 0; i < kSteps; ++i) {
      for (size_t at = 0; at < others.size(); at += 64) ++others[at];
      const auto& s = lm->stats();
      const double host = s.seconds - s.wait_seconds;
      lm->step();
      us.push_back(1e6 * (s.seconds - s.wait_seconds - host));
    }
    const LateCard::Calls& c = card->calls;
    state.counters["calls"] = double(c.all() - before.all()) / kSteps;
    state.counters["bytes_up"] = double(c.bytes_up - before.bytes_up) / kSteps;
    state.PauseTiming();
    lm->run();
    lm->take_finished();
    state.ResumeTiming();
  }
  if (tokens == 0) state.SkipWithError("no token came");
  state.counters["p50_us"] = fk::core::quantile(us, 0.5);
  state.counters["p90_us"] = fk::core::quantile(us, 0.9);
}
BENCHMARK_CAPTURE(decode_step, warm, false)->Arg(1)->Arg(32)->Arg(256)->Iterations(1);
BENCHMARK_CAPTURE(decode_step, cold, true)->Arg(1)->Arg(32)->Arg(256)->Iterations(1);
BENCHMARK_CAPTURE(decode_step, ragged, false, true)->Arg(256)->Iterations(1);
BENCHMARK_CAPTURE(decode_step, ragged_cold, true, true)->Arg(256)->Iterations(1);

}  // namespace
