// SPDX-License-Identifier: Apache-2.0
#include "core/record/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace fk::record {
namespace {

using judge::Interval;
using store::Measurement;

bool is_usable(const Measurement& m) {
  return m.code != "REFUSED" && m.ratio_low > 0 && m.ratio > 0 && std::isfinite(m.ratio_high);
}

Interval interval_of(const Measurement& m) { return {m.ratio_low, m.ratio, m.ratio_high}; }
Interval turned_over(const Interval& i) { return {1 / i.high, 1 / i.middle, 1 / i.low}; }
std::string turned_over(const std::string& code) {
  return code == "FAST" ? "SLOW" : code == "SLOW" ? "FAST" : code;
}

using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
Key key_of(const Measurement& m) { return {m.device, m.case_id, m.dtype, m.init, m.signature}; }
// What a ratio is against, and with what in the caches: the same call is another one cold.
using Against = std::tuple<std::string, std::string, std::string, std::string>;
Against against(const Measurement& m) {
  return {m.baseline, m.baseline_hash, m.context, m.l2_state};
}

struct Known {
  std::optional<Compared> direct;
  std::map<Against, Measurement> sides[2];
};

std::string names(const std::map<Against, Measurement>& side) {
  std::set<std::string> all;
  for (const auto& [a, m] : side)
    all.insert(fmt::format("{}@{} ({})", m.baseline, m.baseline_hash.substr(0, 8),
                           m.l2_state.substr(0, m.l2_state.find(':'))));
  std::string out;
  for (const std::string& n : all) out += (out.empty() ? "" : ", ") + n;
  return out;
}

void explain(const Known& k, Compared& out) {
  if (k.sides[0].empty() || k.sides[1].empty())
    out.missing = fmt::format("only the {} was measured", k.sides[0].empty() ? "second" : "first");
  else
    out.missing = fmt::format("measured against different things: {} and {}", names(k.sides[0]),
                              names(k.sides[1]));
}

// The newest pair against one thing.
void pair_up(const Known& k, Compared& out) {
  std::string newest;
  for (const auto& [what, a] : k.sides[0]) {
    const auto b = k.sides[1].find(what);
    if (b == k.sides[1].end()) continue;
    const std::string time = std::min(a.time, b->second.time);
    if (out.speedup && time <= newest) continue;
    newest = time;
    out.speedup = quotient(interval_of(b->second), interval_of(a));
    out.code = judge::speed_name(judge::speed_of(*out.speedup));
    out.how = "against " + a.baseline;
    out.ids = {a.uuid, b->second.uuid};
  }
}

}  // namespace

Interval quotient(const Interval& over, const Interval& under) {
  const auto width = [](double a, double b) { return std::log(a / b); };
  const double middle = over.middle / under.middle;
  const double down = std::hypot(width(over.middle, over.low), width(under.high, under.middle));
  const double up = std::hypot(width(over.high, over.middle), width(under.middle, under.low));
  return {middle * std::exp(-down), middle, middle * std::exp(up)};
}

std::vector<Compared> compare(store::Store& store, const std::string& task, const Version& first,
                              const Version& second) {
  std::map<Key, Known> all;
  store::Filter filter;
  filter.task = task;
  store.each<Measurement>(filter, [&](const Measurement& m) {
    if (!is_usable(m)) return;
    const Version of{m.implementation, m.hash}, rival{m.baseline, m.baseline_hash};
    if (of != first && of != second) return;
    Known& k = all[key_of(m)];
    if ((of == second && rival == first) || (of == first && rival == second)) {
      Compared& d = k.direct.emplace();
      d.speedup = of == second ? interval_of(m) : turned_over(interval_of(m));
      d.code = of == second ? m.code : turned_over(m.code);
      d.how = "direct";
      d.ids = {m.uuid};
      return;
    }
    if (of == first) k.sides[0][against(m)] = m;  // the newest comes last
    if (of == second) k.sides[1][against(m)] = m;
  });
  std::vector<Compared> out;
  for (const auto& [key, known] : all) {
    Compared c = known.direct.value_or(Compared{});
    c.device = std::get<0>(key), c.case_id = std::get<1>(key), c.dtype = std::get<2>(key),
    c.init = std::get<3>(key);
    if (!c.speedup) pair_up(known, c);
    if (!c.speedup) explain(known, c);
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace fk::record
