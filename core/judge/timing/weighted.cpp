// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/weighted.hpp"

#include <algorithm>

namespace fk::judge {

Interval weighted_speedup(const std::vector<Weighted>& cases) {
  double before = 0;
  Interval after;  // seconds at each bound
  for (const Weighted& w : cases) {
    before += w.seconds;
    after.low += w.seconds / w.speedup.low;
    after.middle += w.seconds / w.speedup.middle;
    after.high += w.seconds / w.speedup.high;
  }
  if (before <= 0) return {1, 1, 1};
  return {before / after.low, before / after.middle, before / after.high};
}

std::vector<cases::Case> heaviest(std::vector<cases::Case> list, double share) {
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  double all = 0, so_far = 0;
  for (const cases::Case& c : list) all += c.weight;
  size_t count = 0;
  while (count < list.size() && (count == 0 || so_far < share * all))
    so_far += list[count++].weight;
  list.resize(count);
  return list;
}

}  // namespace fk::judge
