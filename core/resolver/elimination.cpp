// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/elimination.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace fk::resolver {

std::vector<size_t> losers(
    size_t count, size_t most,
    const std::function<Worth(const std::vector<size_t>& others, size_t which)>& worth) {
  std::vector<size_t> rest(count);
  std::iota(rest.begin(), rest.end(), size_t{0});
  const auto without = [&](size_t which) {
    std::vector<size_t> others = rest;
    std::erase(others, which);
    return others;
  };
  std::vector<std::tuple<bool, double, size_t>> doubtful;  // kept so far, gain, which
  for (size_t i = 0; i < std::min(count, most); ++i)
    if (const Worth w = worth(without(i), i); w.loses || w.gain < 1)
      doubtful.emplace_back(!w.loses, w.gain, i);
  std::sort(doubtful.begin(), doubtful.end());
  std::vector<size_t> out;
  for (const auto& [kept, gain, i] : doubtful) {
    if (out.empty() ? kept : !worth(without(i), i).loses) continue;
    out.push_back(i);
    rest = without(i);
  }
  return out;
}

}  // namespace fk::resolver
