// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/model_flags.hpp"
#include "core/cli/store_flags.hpp"
#include "core/engine/workload_runner.hpp"
#include "core/record/machine.hpp"

namespace fk::core {

// The flags of `fk bench model`.
struct BenchFlags {
  ModelFlags model;
  std::string workload, out, profile, profile_out;
  int64_t requests = 0;  // 0: the workload's
  int repeats = 0;       // 0: the workload's
  uint64_t seed = 0;
  double rate = 8, bandwidth = 0, tflops = 0;  // TB/s, TFLOP/s; 0: the card's, where it is known
  bool json = false;
  RecordFlags store;

  void add_to(CLI::App&);
};

int bench_model_command(const Words&);
int bench_load_command(const Words&);

// Where a model runs, for the store.
record::Machine machine_of(const Session&, CausalLm&);

// The best that the device was seen to do, by its name or by the flags.
struct RooflineChoice {
  Roofline roofline;
  std::string source;  // for people; empty: unknown
};
RooflineChoice roofline_of(const BenchFlags&, const Device&, fk_dtype run_dtype);

// Where the numbers come from: versions, machine, model, plan, options, date.
Json provenance(const BenchFlags&, const Words&, const Session&, const CausalLm&,
                const RooflineChoice&);
// One workload: what it is, every time, and what follows from them.
Json result_json(const WorkloadResult&, const CostModel&, const Roofline&, bool gpu, double rate);
// The same for people: a line of a table, and the table's head.
std::string result_head();
std::string result_line(const Json& result);

// Runs `fk bench model` with these words (without the flags of output) under f.profile, then prints
// the hottest tasks and kernels. Gives the exit code. Throws Error kMissing, with the way out, for
// a profiler that is not there or may not read counters.
int run_profiled(const BenchFlags& f, Words words);

}  // namespace fk::core
