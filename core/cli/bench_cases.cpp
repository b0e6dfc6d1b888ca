// SPDX-License-Identifier: Apache-2.0
#include "core/cli/bench_cases.hpp"

#include <fmt/format.h>

namespace fk::core {
namespace {

constexpr const char* kFormula = "sum(seconds) / sum(seconds / speedup)";

}  // namespace

// Where an implementation declines, a model goes on with the baseline: a speed-up of 1.
void CasesSummary::add(const cases::Case& c, const judge::BenchResult& r) {
  if (r.code == "REFUSED")
    refused_.push_back(c.name);
  else if (r.code == "unsupported")
    measured_.push_back({c.weight, {1, 1, 1}}), ++unsupported_;
  else
    measured_.push_back({c.weight, r.speedup});
}

double CasesSummary::share() const {
  double sum = 0;
  for (const judge::Weighted& w : measured_) sum += w.seconds;
  return seconds_ > 0 ? sum / seconds_ : 0;
}

std::string CasesSummary::text() const {
  if (!refused_.empty())
    return fmt::format("  no speed-up of the run: {} of its cases {} refused", refused_.size(),
                       refused_.size() == 1 ? "is" : "are");
  const judge::Interval s = speedup();
  return fmt::format(
      "  in the captured run {:.3f}x [{:.3f}, {:.3f}] = {}: {} cases, {:.1f} % of the {:.3f} s of "
      "{}{}",
      s.middle, s.low, s.high, kFormula, measured_.size(), 100 * share(), seconds_, task_,
      unsupported_ ? fmt::format("; {} unsupported, counted as 1x", unsupported_) : "");
}

nlohmann::ordered_json CasesSummary::to_json() const {
  nlohmann::ordered_json j = {{"cases", measured_.size()},   {"unsupported", unsupported_},
                              {"refused", refused_},         {"seconds", seconds_},
                              {"share_of_seconds", share()}, {"formula", kFormula}};
  if (!refused_.empty()) return j;
  const judge::Interval s = speedup();
  j["speedup"] = {{"low", s.low}, {"median", s.middle}, {"high", s.high}};
  return j;
}

}  // namespace fk::core
