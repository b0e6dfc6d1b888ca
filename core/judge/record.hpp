// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/judge/sandbox/layer.hpp"

namespace fk::judge {

using Json = nlohmann::ordered_json;

// What became of one case. Only "pass" is one; "unsupported" is a gap in the coverage, not a
// failure; everything else is.
//   wrong, nonfinite   an element or tile is not what it must be
//   unwritten          an output element was left as it was
//   overwrote          a write outside an output, or to an input
//   nondeterministic   the same inputs elsewhere gave other bits
//   error              create or forward said so
//   crashed exited timeout threads protocol   the Runner is gone, see RunnerFailure
//   not_run            an earlier failure of the Runner could not be mended
struct CaseResult {
  std::string name, code, text;
  bool hidden = false;
  double seconds = 0;
  std::string track;   // on a card: "graph", or "eager: " and why it cannot be captured
  std::string tensor;  // where the first difference is; and then
  size_t index = 0;
  double expected = 0, found = 0, error = 0, bound = 0;
  std::string reproduce;  // the command; empty for a hidden case
  bool passed() const { return code == "pass"; }
  bool failed() const { return code != "pass" && code != "unsupported"; }
  Json to_json() const;
};

// What the static gate says about a library.
struct GateReport {
  std::vector<std::string> flags;     // seen, shown, no verdict
  std::vector<std::string> refusals;  // imports that no plugin may have
};

// One implementation of one task, judged.
struct CheckRecord {
  std::string task, implementation, version, hash, file;
  std::string refusal;  // why it was never run: gate, load, nothing supported
  GateReport gate;
  SandboxLayers layers;
  std::vector<CaseResult> cases;
  double seconds = 0, judge_seconds = 0;  // of the whole, and spent on goldens and comparing
  double coverage = 0;                    // share of the task file's weight that passed
  std::vector<uint64_t> seeds;            // give the same numbers again
  bool seed_given = false;                // somebody chose them
  std::string only;                       // the cases that were asked for; empty: all
  int threads = 0;                        // of the Runner
  std::string device;                     // "cuda:0"; "" on the CPU
  size_t count(const std::string& code) const;
  bool passed() const;
  Json to_json() const;
};

}  // namespace fk::judge
