// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/stats.hpp"

#include <algorithm>
#include <cmath>

#include "core/judge/cases/numbers.hpp"

namespace fk::judge {
namespace {

constexpr int kResamples = 600;
constexpr double kDifferent = 0.005, kEqual = 0.02;
constexpr size_t kTrimmed = 5;    // one part of as many at either end
constexpr size_t kProcesses = 5;  // that say what luck comes to

// Two-sided quantiles of Student's distribution, from 2 degrees of freedom on.
constexpr double kStudent95[] = {4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
                                 2.306, 2.262, 2.228, 2.201, 2.179};
constexpr double kStudent99[] = {9.925, 5.841, 4.604, 4.032, 3.707, 3.499,
                                 3.355, 3.250, 3.169, 3.106, 3.055};

template <size_t N>
double quantile_of(const double (&table)[N], size_t freedom) {
  return table[std::min(freedom, N + 1) - 2];
}

double median(std::vector<double>& v) {
  const auto at = v.begin() + std::ptrdiff_t(v.size() / 2);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

// The mean without a fifth at either end. A process in twenty is 2 to 5 % faster or slower than the
// others on a CPU; a median would hide a candidate that is slow in two of five.
struct TrimmedMean {
  double mean = 0, error = 0;  // its standard error (Yuen, 1974)
  size_t freedom = 0;
};
TrimmedMean trimmed_mean(std::vector<double>& v) {
  std::sort(v.begin(), v.end());
  const size_t n = v.size(), cut = n / kTrimmed, kept = n - 2 * cut;
  TrimmedMean out;
  double all = 0, squares = 0;
  const auto winsorized = [&](size_t i) { return v[std::clamp(i, cut, n - cut - 1)]; };
  for (size_t i = cut; i < n - cut; ++i) out.mean += v[i] / double(kept);
  for (size_t i = 0; i < n; ++i) all += winsorized(i) / double(n);
  for (size_t i = 0; i < n; ++i) squares += (winsorized(i) - all) * (winsorized(i) - all);
  out.freedom = kept - 1;
  if (kept > 1) out.error = std::sqrt(squares / double(kept * (kept - 1)));
  return out;
}

TrimmedMean of_medians(const std::vector<std::vector<double>>& blocks) {
  std::vector<double> medians;
  for (const auto& block : blocks) medians.push_back(quantile(block, 0.5));
  return trimmed_mean(medians);
}

Interval around(const TrimmedMean& t, double errors) {
  return {std::exp(t.mean - errors * t.error), std::exp(t.mean),
          std::exp(t.mean + errors * t.error)};
}

}  // namespace

double quantile(std::vector<double> samples, double part) {
  if (samples.empty()) return NAN;
  const auto at = samples.begin() + std::ptrdiff_t(part * double(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

double student(size_t freedom) { return quantile_of(kStudent95, freedom); }

Interval ratio_interval(const std::vector<std::vector<double>>& blocks, uint64_t seed) {
  if (blocks.empty() || blocks[0].empty()) return {0, 1, INFINITY};
  if (blocks.size() >= kProcesses) {
    const TrimmedMean t = of_medians(blocks);
    return around(t, student(t.freedom));
  }
  cases::Random random(seed);
  std::vector<double> means, draw, medians;
  const auto count = int64_t(blocks.size());
  for (int i = 0; i < kResamples; ++i) {
    medians.clear();
    for (int64_t b = 0; b < count; ++b) {
      const std::vector<double>& block = blocks[size_t(random.below(count))];
      draw.resize(block.size());
      for (double& d : draw) d = block[size_t(random.below(int64_t(block.size())))];
      medians.push_back(median(draw));
    }
    means.push_back(trimmed_mean(medians).mean);
  }
  std::sort(means.begin(), means.end());
  return {std::exp(means[size_t(kResamples * 0.025)]), std::exp(of_medians(blocks).mean),
          std::exp(means[size_t(kResamples * 0.975)])};
}

namespace {

Speed near(const Interval& i) {
  return i.low > 1 - kEqual && i.high < 1 + kEqual ? Speed::kSame : Speed::kAmbiguous;
}

Speed beyond(double different, const Interval& i) {
  return i.low > 1 + different ? Speed::kFast : i.high < 1 - different ? Speed::kSlow : near(i);
}

}  // namespace

Speed speed_of(const Interval& i) { return beyond(kDifferent, i); }

Speed speed_of(const Interval& i, const std::vector<std::vector<double>>& blocks, double slack) {
  const double different = kDifferent + slack;
  const Speed speed = beyond(different, i);
  if (speed != Speed::kFast && speed != Speed::kSlow) return speed;
  if (blocks.size() >= kProcesses) {
    const TrimmedMean t = of_medians(blocks);
    if (beyond(different, around(t, quantile_of(kStudent99, t.freedom))) != speed) return near(i);
  }
  size_t contrary = 0;
  for (const auto& block : blocks)
    contrary += speed == Speed::kFast ? quantile(block, 0.5) <= 0 : quantile(block, 0.5) >= 0;
  return contrary > blocks.size() / kTrimmed ? Speed::kAmbiguous : speed;
}

const char* speed_name(Speed s) {
  constexpr const char* kNames[] = {"FAST", "SAME", "SLOW", "AMBG"};
  return kNames[size_t(s)];
}

}  // namespace fk::judge
