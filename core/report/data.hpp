// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a report shows, as numbers: the page and --json are two ways of writing it. `id` is the
// beginning of a record's uuid that no other record of the store shares.
namespace fk::report {

struct Machine {
  std::string device, driver, clocks;
  int64_t records = 0;
};

struct Head {
  std::string store, written, since, config;  // written: the time of the report
  std::string first, last;                    // times of the oldest and the newest record
  int64_t measurements = 0, verdicts = 0, plans = 0, runs = 0;
  std::vector<Machine> machines;
  std::vector<std::string> harness;  // revisions
  int64_t records() const { return measurements + verdicts + plans + runs; }
};

// The newest measurement of an implementation on a case on a machine, against one baseline and, of
// a composite, with the same children.
struct Bar {
  std::string id, time, task, implementation, hash, baseline, case_id, bucket, dtype, l2_state;
  std::string context;  // of a composite: who computed its children (record::context_of)
  std::string device, driver, code, text;
  int64_t level = 0;
  double seconds = 0, baseline_seconds = 0, ratio = 0, low = 0, high = 0;
};

// A bar's work over its time.
struct Point {
  size_t bar = 0;  // index into Report::bars
  double bytes = 0, flops = 0, intensity = 0, flops_per_s = 0, baseline_flops_per_s = 0;
};

struct Ceiling {
  std::string device, source, id;           // of the run that says so
  double bytes_per_s = 0, flops_per_s = 0;  // 0: not known
};

struct Roofline {
  std::vector<Point> points;
  std::vector<Ceiling> ceilings;  // at most one a device
  // Left out: the case cannot be made again from the record; its task's expressions need more than
  // the case says; its task does no arithmetic; it has no time.
  int64_t not_rebuilt = 0, no_work = 0, no_flops = 0, no_time = 0;
};

struct PlanNode {
  int depth = 0;
  int64_t count = 1;
  std::string name, task, implementation, version, reason;
  std::string decode, decode_version, decode_reason;  // empty: the same as prefill
  std::vector<std::string> rejected;
};

// What a plan would have used, had it not lost in the whole model.
struct KeptOut {
  std::string id, time;  // of the plan that showed it
  std::string task, implementation, reason;
};

// What `fk resolve` found out about a plan (core/resolver/proven.cpp). Speeds are baseline over
// plan.
struct Proof {
  struct Phase {
    std::string name;
    double predicted = 0;  // from its parts measured alone
    // Of the whole model, with its 95 % interval; 0: not measured.
    double ratio = 0, low = 0, high = 0;
    double baseline_seconds = 0, seconds = 0;  // of a step; 0 for the workload
  };
  std::string workload, weights;
  std::vector<Phase> phases;  // prefill, decode, workload
  int64_t rounds = 0;
  bool compared = false, agrees = false;  // its logits, with `against`
  double mean_error = 0, mean_bound = 0, worst_error = 0, worst_bound = 0;
  std::string against;
  std::vector<std::string> notes;
};

// The newest plan of a config that held; where none did, the newest.
struct PlanTree {
  std::string id, time, config, policy, device, hash, harness;
  std::string error;  // why it cannot be read
  bool held = true;   // false: it is in `kept_out` why not
  std::optional<Proof> proof;
  std::vector<KeptOut> kept_out;  // by this plan and others of its config, device and workload
  int64_t nodes = 0;
  std::vector<PlanNode> lines;
};

// One build of an implementation. Its speed is the geometric mean over its cases.
struct Version {
  std::string hash, version, revision, first, verdict, verdict_id;
  double ratio = 0, low = 0, high = 0;
  std::vector<std::string> cases, ids;  // of the measurements, side by side
};

struct Lineage {
  std::string task, implementation, device, baseline;
  bool same_cases = true;  // else each version's mean is over cases of its own
  std::vector<Version> versions;
};

// The newest verdict on an implementation of a hash, on a machine, with the same children.
struct Judgement {
  std::string id, time, task, implementation, hash, version, context, device;
  std::string code, text, case_id, tensor;
  int64_t level = 0, bad_index = 0;
  bool passed = false;
  double expected = 0, found = 0, error = 0, bound = 0, coverage = 0;
};

struct SheetLine {
  std::string task, outcome, why, implementation;
  double coverage = 0, speedup = 0, points = 0, sol = 0;
  std::vector<std::string> ids;  // of the verdict and the measurements
};

// A plugin's score on a level.
struct Sheet {
  std::string plugin, device;
  int64_t level = 0;
  double score = 0, middle = 0, high = 0, coverage = 0, pass = 0, speed = 0, sol = 0, fast = 0;
  int64_t tasks = 0;             // of the level
  std::vector<SheetLine> lines;  // of those that it has
};

struct Report {
  Head head;
  std::vector<Bar> bars;  // by task, machine, case, implementation
  Roofline roofline;
  std::vector<PlanTree> plans;
  std::vector<Lineage> lineages;
  std::vector<Judgement> judgements;
  std::vector<Sheet> sheets;
};

}  // namespace fk::report
