// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace fk::core {

// log softmax(logits)[id], in double.
inline double log_probability(const float* logits, int64_t n, int64_t id) {
  double top = *std::max_element(logits, logits + n), sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(double(logits[i]) - top);
  return double(logits[id]) - top - std::log(sum);
}

// The k largest, falling; equal ones by rising id.
inline std::vector<std::pair<int32_t, float>> largest(const float* logits, int64_t n, int k) {
  std::vector<std::pair<int32_t, float>> all;
  all.reserve(size_t(n));
  for (int64_t i = 0; i < n; ++i) all.emplace_back(int32_t(i), logits[i]);
  size_t keep = std::min<size_t>(size_t(k), all.size());
  std::partial_sort(all.begin(), all.begin() + int64_t(keep), all.end(), [](auto& a, auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  all.resize(keep);
  return all;
}

}  // namespace fk::core
