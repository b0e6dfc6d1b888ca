// SPDX-License-Identifier: Apache-2.0
#include "core/report/scale.hpp"

#include <algorithm>
#include <cmath>

namespace fk::report {

LogScale::LogScale(const std::vector<double>& values, double low, double high, double base,
                   double limit)
    : base_(base) {
  const double least = low / limit, most = high * limit;
  for (double v : values) {
    if (!std::isfinite(v) || v <= 0) continue;
    low = std::min(low, std::max(v, least));
    high = std::max(high, std::min(v, most));
  }
  // An end that is a power itself stays where it is, whatever log rounds to.
  constexpr double kRounding = 1e-9;
  from_ = int(std::floor(std::log(low) / std::log(base) + kRounding));
  to_ = int(std::ceil(std::log(high) / std::log(base) - kRounding));
  to_ = std::max(to_, from_ + 1);
  low_ = std::pow(base, from_);
  high_ = std::pow(base, to_);
}

double LogScale::at(double value) const {
  if (!(value > low_)) return 0;
  if (value >= high_) return 1;
  return std::log(value / low_) / std::log(high_ / low_);
}

std::vector<double> LogScale::ticks(int most) const {
  const int step = std::max(1, (to_ - from_ + most - 1) / most);
  std::vector<double> out;
  // Through 1, so that parity is always marked where it is in the range.
  for (int e = from_; e <= to_; ++e)
    if (e % step == 0) out.push_back(std::pow(base_, e));
  return out;
}

}  // namespace fk::report
