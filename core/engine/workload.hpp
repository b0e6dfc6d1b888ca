// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fk::core {

// One thing to measure of a causal language model. Its text names it everywhere:
//   throughput:1024/512     requests all at once: prompt tokens / new tokens
//   steps:32x1024:32-160    batch x prompt; ms a step = (time for 160 new - time for 32) / 128
//   prefill:8192            one request with one new token
//   long:131072             one request that fills a context of so many tokens, the last 128 of
//                           them new (a quarter of a context below 512)
//   latency:512/128         requests that arrive at a Poisson rate: prompt / new
struct Workload {
  enum class Kind { kThroughput, kSteps, kPrefill, kLong, kLatency };
  Kind kind = Kind::kThroughput;
  std::string text;
  int64_t requests = 1, prompt = 1;
  int64_t fewer = 0, tokens = 1;  // new tokens; fewer: of the other measurement of kSteps
  int repeats = 1;
  bool warm = false;      // once before, uncounted
  bool optional = false;  // a default: left out where it does not fit

  const char* kind_name() const;
};

// What is measured by default, each line as a user would write it.
const std::vector<std::string>& default_workloads();

// A list with commas: texts as above, or a kind alone for all of its defaults. Empty: all defaults.
// Throws Error.
std::vector<Workload> parse_workloads(const std::string& list);

}  // namespace fk::core
