// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/stats.hpp"

#include <algorithm>
#include <cmath>

#include "core/judge/cases/numbers.hpp"

namespace fk::judge {
namespace {

constexpr int kResamples = 600;
constexpr double kDifferent = 0.01, kEqual = 0.02;

double median(std::vector<double>& v) {
  const auto at = v.begin() + std::ptrdiff_t(v.size() / 2);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

}  // namespace

double quantile(std::vector<double> samples, double part) {
  if (samples.empty()) return NAN;
  const auto at = samples.begin() + std::ptrdiff_t(part * double(samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

// The mean of the blocks' medians: with few blocks a median of them would hide the odd one.
Interval ratio_interval(const std::vector<std::vector<double>>& blocks, uint64_t seed) {
  if (blocks.empty() || blocks[0].empty()) return {0, 1, INFINITY};
  cases::Random random(seed);
  std::vector<double> means, draw;
  const auto count = int64_t(blocks.size());
  for (int i = 0; i < kResamples; ++i) {
    double sum = 0;
    for (int64_t b = 0; b < count; ++b) {
      const std::vector<double>& block = blocks[size_t(random.below(count))];
      draw.resize(block.size());
      for (double& d : draw) d = block[size_t(random.below(int64_t(block.size())))];
      sum += median(draw);
    }
    means.push_back(sum / double(count));
  }
  double middle = 0;
  for (const auto& block : blocks) middle += quantile(block, 0.5) / double(count);
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

const char* speed_name(Speed s) {
  constexpr const char* kNames[] = {"FAST", "SAME", "SLOW", "AMBG"};
  return kNames[size_t(s)];
}

}  // namespace fk::judge
