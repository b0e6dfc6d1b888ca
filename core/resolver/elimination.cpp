// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/elimination.hpp"

#include <algorithm>
#include <numeric>

namespace fk::resolver {

std::vector<size_t> losers(
    size_t count, size_t most,
    const std::function<std::optional<double>(const std::vector<size_t>& others, size_t which)>&
        loss) {
  std::vector<size_t> rest(count);
  std::iota(rest.begin(), rest.end(), size_t{0});
  const auto without = [&](size_t which) {
    std::vector<size_t> others = rest;
    std::erase(others, which);
    return others;
  };
  std::vector<std::pair<double, size_t>> seen;
  for (size_t i = 0; i < std::min(count, most); ++i)
    if (const auto x = loss(without(i), i)) seen.emplace_back(*x, i);
  std::sort(seen.begin(), seen.end());
  std::vector<size_t> out;
  for (const auto& [gain, i] : seen) {
    if (!out.empty() && !loss(without(i), i)) continue;
    out.push_back(i);
    rest = without(i);
  }
  return out;
}

}  // namespace fk::resolver
