// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core {

// Number of single-character insertions, deletions, replacements and swaps of neighbours between
// two names.
inline size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

// The name closest to `wanted`; empty when nothing is near enough to be what was meant.
// A name that begins or ends with `wanted` (or the other way round) counts as near.
template <class Names>
std::string nearest(std::string_view wanted, const Names& names) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, wanted.size() / 3) + 1;
  for (const auto& n : names) {
    std::string_view name(n);
    size_t d = edit_distance(wanted, name);
    if (wanted.size() >= 3 && name.size() >= 3 &&
        (name.starts_with(wanted) || wanted.starts_with(name)))
      d = std::min<size_t>(d, 2);
    if (d < best_distance) best_distance = d, best = std::string(name);
  }
  return best;
}

// " (did you mean 'x'?)", or "" when nothing is near: to be put after a name in a message.
template <class Names>
std::string did_you_mean(std::string_view wanted, const Names& names) {
  std::string n = nearest(wanted, names);
  return n.empty() ? "" : " (did you mean '" + n + "'?)";
}

}  // namespace fk::core
