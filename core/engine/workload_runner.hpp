// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/engine/causal_lm.hpp"
#include "core/engine/step_cost.hpp"
#include "core/engine/workload.hpp"

namespace fk::core {

// What a machine can do at most; 0: unknown.
struct Roofline {
  double bytes_per_s = 0, flops_per_s = 0;
};

// Requests from the first add() to the last token: host wall clock, and what the engine counted.
struct BatchTime {
  int64_t new_tokens = 0;  // of a request
  double seconds = 0;
  int64_t steps = 0, preemptions = 0, prompt_tokens = 0, generated_tokens = 0;
  double step_seconds = 0, wait_seconds = 0, device_seconds = 0;  // of CausalLm::Stats
  StepCost cost;                                                  // of all steps
  double roof_seconds = 0;  // sum over steps of the longer of moving its bytes and its operations
  // Of every step that gave each request one token: its time in the engine without waiting for the
  // device.
  std::vector<double> decode_host_us;
  std::vector<double> ttft_ms;  // a request: from its arrival to its first token
  std::vector<double> itl_ms;   // between every two tokens of a request
};

struct WorkloadResult {
  Workload workload;
  std::vector<BatchTime> fewer, runs;  // fewer: of kSteps, with workload.fewer new tokens
  double median_seconds(const std::vector<BatchTime>&) const;
  // (median of runs - median of fewer) / (tokens - fewer), of kSteps.
  double seconds_per_step() const;
};

// The q-quantile (0..1) of values, linear between neighbours; 0 for none. `values` get sorted.
double quantile(std::vector<double>& values, double q);

// Drives an engine through workloads. Prompts are uniform random ids and no two are alike;
// decoding is greedy and runs on past the end of text.
class WorkloadRunner {
 public:
  struct Options {
    uint64_t seed = 0;
    double rate = 8;  // requests a second, of kLatency
    Roofline roofline;
    std::function<void(double)> progress;  // share of the current batch; may be empty
  };
  WorkloadRunner(CausalLm&, const Registry&, fk_dtype run_dtype, Options);
  // Why the engine cannot run it; empty when it can.
  std::optional<std::string> refusal(const Workload&) const;
  // Requests that nobody counts, so that the first workload does not pay for what is done once.
  void warm_up();
  // Throws Error when a request does not get its tokens.
  WorkloadResult run(const Workload&);
  const CostModel& costs() const { return costs_; }

 private:
  BatchTime batch(int64_t requests, int64_t prompt, int64_t tokens, double rate = 0);
  std::vector<int32_t> random_prompt(int64_t tokens);
  void add_cost(const std::vector<StepSize>&, BatchTime&) const;

  CausalLm& lm_;
  CostModel costs_;
  bool kv_cache_;
  Options options_;
  std::mt19937_64 random_;
};

}  // namespace fk::core
