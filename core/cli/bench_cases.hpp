// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/timing/bench.hpp"
#include "core/judge/timing/weighted.hpp"

namespace fk::core {

// What the cases of a model's run say together: the speed-up of the task in that run.
class CasesSummary {
 public:
  // `seconds`: of all the task's calls in the run, measured or not.
  CasesSummary(std::string task, double seconds) : task_(std::move(task)), seconds_(seconds) {}
  void add(const cases::Case&, const judge::BenchResult&);
  std::string text() const;  // one line
  nlohmann::ordered_json to_json() const;

 private:
  judge::Interval speedup() const { return judge::weighted_speedup(measured_); }
  double share() const;

  std::string task_;
  double seconds_ = 0;
  size_t unsupported_ = 0;
  std::vector<std::string> refused_;
  std::vector<judge::Weighted> measured_;
};

}  // namespace fk::core
