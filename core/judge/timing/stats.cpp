// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/stats.hpp"

#include <algorithm>
#include <cmath>

#include "core/judge/cases/numbers.hpp"

namespace fk::judge {
namespace {

constexpr int kResamples = 600;
constexpr double kDifferent = 0.005, kEqual = 0.02;
constexpr size_t kTrimmed = 5;  // one part of as many at either end

double median(std::vector<double>& v) {
  const auto at = v.begin() + std::ptrdiff_t(v.size() / 2);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

// The mean without a fifth at either end. A process in twenty is 2 to 5 % faster or slower than the
// others on a CPU; a median would hide a candidate that is slow in two of five.
double trimmed_mean(std::vector<double>& v) {
  std::sort(v.begin(), v.end());
  const size_t cut = v.size() / kTrimmed;
  double sum = 0;
  for (size_t i = cut; i < v.size() - cut; ++i) sum += v[i];
  return sum / double(v.size() - 2 * cut);
}

}  // namespace

double quantile(std::vector<double> samples, double part) {
  if (samples.empty()) return NAN;
  const auto at = samples.begin() + std::ptrdiff_t(part * double(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

Interval ratio_interval(const std::vector<std::vector<double>>& blocks, uint64_t seed) {
  if (blocks.empty() || blocks[0].empty()) return {0, 1, INFINITY};
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
    means.push_back(trimmed_mean(medians));
  }
  medians.clear();
  for (const auto& block : blocks) medians.push_back(quantile(block, 0.5));
  const double middle = trimmed_mean(medians);
  std::sort(means.begin(), means.end());
  return {std::exp(means[size_t(kResamples * 0.025)]), std::exp(middle),
          std::exp(means[size_t(kResamples * 0.975)])};
}

Speed speed_of(const Interval& i) {
  if (i.low > 1 + kDifferent) return Speed::kFast;
  if (i.high < 1 - kDifferent) return Speed::kSlow;
  if (i.low > 1 - kEqual && i.high < 1 + kEqual) return Speed::kSame;
  return Speed::kAmbiguous;
}

Speed speed_of(const Interval& i, const std::vector<std::vector<double>>& blocks) {
  const Speed speed = speed_of(i);
  if (speed != Speed::kFast && speed != Speed::kSlow) return speed;
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
