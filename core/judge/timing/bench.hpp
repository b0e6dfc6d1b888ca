// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/base/laps.hpp"
#include "core/judge/judge.hpp"
#include "core/judge/timing/stats.hpp"

namespace fk::judge {

struct Contestant {
  const PluginFile* plugin;
  std::string implementation;
  std::string version = {};  // as the plugin says it
};

struct BenchOptions {
  double budget = 3;               // seconds of measuring a case, at most
  double half_width = 0.005;       // of the ratio's interval: narrow enough to stop
  double block_half_width = 0.01;  // the same of a single block: time is for more processes then
  // Enough, too: all of the interval lies this factor above equality and is narrower than a fifth
  // of it. 0: no.
  double clear = 0;
  // Enough, of a single block: all of it lies this factor below equality. That it is slower is
  // known then, by how much is of little use. 0: no.
  double slower = 0;
  size_t least_rounds = 30;
  // Each in new processes: as many at least, and more until the interval is narrow enough, while
  // the budget lasts and opening them does not take as long again.
  size_t blocks = 5, most_blocks = 20;
  // On a card the clocks are held against each other in every block; else in one that nobody can
  // foresee, which finds whoever cheats in all, in a third of the time.
  bool audit_all = true;
  size_t bytes = size_t{96} << 20;  // of the slots
  size_t most_slots = 512;
};

// One case, timed. `code`: FAST, SAME, SLOW, AMBG; or REFUSED, for a timed output that is not the
// baseline's, a clock that contradicts ours, a time that nothing can reach, a Runner that is lost;
// or "unsupported".
struct BenchResult {
  std::string name, code, text;
  Interval speedup;  // baseline over candidate
  struct Times {
    double p5 = 0, p50 = 0, p95 = 0;  // seconds a call, as the Judge's clock has it
    double own = 0;                   // the median by the Runner's clock: telemetry
  } candidate, baseline;
  size_t rounds = 0, slots = 0, verified = 0;  // verified: timed calls, all of them
  double floor = 0;                            // seconds that no machine of ours goes below
  double seconds = 0, verify_seconds = 0, redraw_seconds = 0;
  std::string track;     // on a card: "graph", or "eager: " and why it cannot be captured
  std::string l2_state;  // on a card: what is cached when a call begins, in words
  Json card;  // what the baseline's Runner measured of it (lead_seconds: of the kernel before every
              // call, which is in no time above), and the audit of the clocks
  size_t throttled = 0;         // rounds left out, for the multiprocessors' clock was below 95 %
  Json samples;                 // [[block, candidate, baseline], ...] seconds a round
  std::vector<uint64_t> seeds;  // give the same numbers again
  core::Laps laps;              // where the time of all of it went
  int64_t retained_bytes = 0;   // what the candidate's Runner says that it keeps
  Json to_json() const;
};

// The two implementations in a Runner each, on the same inputs, in turn, in random order. The time
// of a round is the Judge's own, from its word to the answer: nothing that a Runner says shortens
// it. Every output of every timed call is verified. On a card calls are captured once and replayed
// from graphs, from cold caches, behind a kernel that writes their inputs and that they may overlap
// with, whose own time is taken off; their time is that of the card's events, which is held against
// the Judge's clock.
BenchResult bench_case(Judge&, const std::string& task, const cases::Case&,
                       const Contestant& candidate, const Contestant& baseline,
                       const BenchOptions&);

// Whether a time with these words of `l2_state` was taken as this Judge takes it. An older one's
// cannot stand beside those of today.
bool is_timed_so(const std::string& l2_state, fk_device);

// The cases of a task file in their own dtypes: with sizes cut as for checking, since the reference
// must be able to answer them; for a card as it answers them in seconds.
std::vector<cases::Case> bench_cases(const core::TaskSpec&, bool card = false);

}  // namespace fk::judge
