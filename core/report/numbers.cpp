// SPDX-License-Identifier: Apache-2.0
#include "core/report/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fk::report {
namespace {

// Three digits of what is near 1, fewer of what is not.
std::string ratio_text(double v) {
  if (!std::isfinite(v)) return fmt::format("{}", v);
  const double size = std::abs(v);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return fmt::format("{:.2g}", v);
  return fmt::format("{:.{}f}", v, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 3 : 4);
}

}  // namespace

std::string times_text(double ratio) {
  return ratio_text(ratio) + (std::isfinite(ratio) ? "×" : "");
}

std::string interval_text(double low, double high) {
  return fmt::format("[{}, {}]", ratio_text(low), ratio_text(high));
}

std::string scaled_text(double v, const char* unit) {
  if (!std::isfinite(v)) return fmt::format("{}", v);
  if (v == 0) return fmt::format("0 {}", unit);
  constexpr const char* kPrefixes[] = {"n", "µ", "m", "", "k", "M", "G", "T", "P", "E"};
  constexpr int kNone = 3, kLast = 9;
  int at = kNone;
  while (std::abs(v) >= 999.5 && at < kLast) v /= 1000, ++at;
  while (std::abs(v) < 0.9995 && at > 0) v *= 1000, --at;
  const double size = std::abs(v);
  const int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return size >= 1e4 || size < 0.01 ? fmt::format("{:.3g} {}{}", v, kPrefixes[at], unit)
                                    : fmt::format("{:.{}f} {}{}", v, digits, kPrefixes[at], unit);
}

std::string seconds_text(double v) {
  return std::abs(v) >= 999.5 && std::isfinite(v) ? fmt::format("{:.0f} s", v)
                                                  : scaled_text(v, "s");
}

std::string plain_text(double v) { return fmt::format("{:.6g}", v); }

std::string percent_text(double share) {
  return std::isfinite(share) ? fmt::format("{:.0f} %", 100 * share) : fmt::format("{}", share);
}

std::string minute_text(const std::string& time) {
  return time.size() < 16 ? time : time.substr(0, 10) + " " + time.substr(11, 5);
}

std::string coordinate(double v) { return std::isfinite(v) ? fmt::format("{:.2f}", v) : "0"; }

}  // namespace fk::report
