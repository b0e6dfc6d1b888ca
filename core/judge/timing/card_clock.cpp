// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/card_clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/device/device.hpp"
#include "core/judge/timing/stats.hpp"

namespace fk::judge {
namespace {

// Where the driver names no memory clock: more than any card of today has.
constexpr double kMostBytes = 10e12;
// Dense and sparse, of any width: more than any card of today does.
constexpr double kMostFlops = 20e15;
constexpr double kThrottled = 0.95;
// What one call's launch may cost more than another's, and the part that clocks may differ by.
constexpr double kSlackSeconds = 4e-6, kSlackPart = 0.1;

double median_of(const std::vector<CardRound>& rounds, double CardRound::*what) {
  std::vector<double> values;
  for (const CardRound& r : rounds) values.push_back(r.*what);
  return quantile(values, 0.5);
}

}  // namespace

std::string read_card_round(const Json& answer, size_t calls, double wall, CardRound* out) {
  *out = {};
  out->wall = wall;
  const Json pairs = answer.value("pairs", Json()), span = answer.value("span", Json()),
             mhz = answer.value("mhz", Json());
  if (!pairs.is_array() || pairs.size() != calls || !span.is_number() || !mhz.is_number())
    return "clock: an answer without the times of all calls";
  for (const Json& p : pairs) {
    if (!p.is_number() || !(p.get<double>() >= 0))
      return "clock: a call that took less than no time";
    out->pairs += p.get<double>();
  }
  out->span = span.get<double>();
  out->mhz = mhz.get<double>();
  // Events tick by half a microsecond.
  if (out->pairs > out->span + 1e-6 * double(calls))
    return fmt::format("clock: calls of {:.3g} s together lie in a round of {:.3g} s", out->pairs,
                       out->span);
  if (!(out->span <= wall))
    return fmt::format("clock: a round of {:.3g} s by its events has taken {:.3g} s", out->span,
                       wall);
  return "";
}

double without_lead(double pairs, size_t calls, double lead) {
  if (!(lead > 0)) return pairs;
  return std::max(pairs - double(calls) * lead, double(calls) * kLeastSeconds);
}

Slope slope_of(const std::vector<CardRound>& of_k, const std::vector<CardRound>& of_2k, size_t k) {
  Slope s;
  s.wall = (median_of(of_2k, &CardRound::wall) - median_of(of_k, &CardRound::wall)) / double(k);
  s.pairs = (median_of(of_2k, &CardRound::pairs) - median_of(of_k, &CardRound::pairs)) / double(k);
  return s;
}

std::string contradiction(const Slope& candidate, const Slope& baseline) {
  const double slack = std::max(kSlackSeconds, kSlackPart * candidate.wall);
  if (candidate.rest() <= baseline.rest() + slack) return "";
  return fmt::format(
      "clock: one more call costs {:.3g} s by the Judge's clock and {:.3g} s by the events; beside "
      "the baseline's calls lie only {:.3g} s",
      candidate.wall, candidate.pairs, baseline.rest());
}

std::vector<size_t> unthrottled(const std::vector<double>& mhz) {
  std::vector<size_t> out;
  const double middle = mhz.empty() ? 0 : quantile(mhz, 0.5);
  for (size_t i = 0; i < mhz.size(); ++i)
    if (mhz[i] >= kThrottled * middle) out.push_back(i);
  return out;
}

CardRates card_rates(fk_device device) {
  CardRates out{0, kMostBytes, kMostFlops};
  double clock = 0, bits = 0;
  for (const auto& [name, value] : core::Device::open(device)->facts()) {
    const double number = std::strtod(value.c_str(), nullptr);
    if (name == "l2_bytes") out.l2_bytes = number;
    if (name == "memory_clock_khz") clock = number * 1e3;
    if (name == "memory_bus_bits") bits = number;
  }
  // Two transfers a clock; a little more than is printed on the box.
  if (clock > 0 && bits > 0) out.bytes_per_second = 1.05 * 2 * clock * bits / 8;
  return out;
}

double card_floor_seconds(const Work& w, const CardRates& r) {
  return std::max(std::max(0.0, w.bytes - r.l2_bytes) / r.bytes_per_second,
                  w.flops / r.flops_per_second);
}

}  // namespace fk::judge
