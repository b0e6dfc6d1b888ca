// SPDX-License-Identifier: Apache-2.0
#include "core/engine/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fk::core {

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i)
    dot += double(a[i]) * b[i], aa += double(a[i]) * a[i], bb += double(b[i]) * b[i];
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

std::vector<size_t> ranking(const std::vector<double>& similarities) {
  std::vector<size_t> order(similarities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return similarities[a] > similarities[b]; });
  return order;
}

}  // namespace fk::core
