// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

namespace fk::report {

// A logarithmic axis from a whole power of `base` to another.
class LogScale {
 public:
  // Of all values that are positive and finite, and the range that is always there. What lies past
  // `limit` of that range is drawn at the end: one absurd number must not flatten all others.
  LogScale(const std::vector<double>& values, double low, double high, double base, double limit);

  double low() const { return low_; }
  double high() const { return high_; }
  // 0 at the low end, 1 at the high end and past it; NaN is 0.
  double at(double value) const;
  bool holds(double value) const { return value >= low_ && value <= high_; }
  // Powers of the base, at most so many (2 or more), ends not necessarily among them.
  std::vector<double> ticks(int most) const;

 private:
  double base_;
  int from_, to_;  // exponents
  double low_, high_;
};

}  // namespace fk::report
