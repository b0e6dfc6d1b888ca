// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/distribution.hpp"

#include <algorithm>

namespace fk::cases {
namespace {

// Few values, so that maxima, sums and comparisons tie.
double tie(Random& random) { return double(random.below(5) - 2) * 0.5; }

// From row to row the scale changes by 2^20: what is right for one row must not be for the tensor.
double scale_of_row(int64_t row) {
  constexpr double kScales[] = {0x1p-10, 1, 0x1p10};
  return kScales[row % 3];
}

// Zeros of both signs and numbers below float32's normal ones among ordinary ones.
double tiny(Random& random) {
  switch (random.below(4)) {
    case 0: return 0.0;
    case 1: return -0.0;
    case 2: return random.normal() * 0x1p-130;
    default: return random.normal();
  }
}

}  // namespace

const char* distribution_name(Distribution kind) {
  constexpr const char* kNames[] = {"normal", "ties", "scales", "tiny", "offset", "nonfinite"};
  return kNames[size_t(kind)];
}

void fill(std::span<double> values, Distribution kind, int64_t row, Random& random) {
  const int64_t width = std::max<int64_t>(1, row);
  for (size_t i = 0; i < values.size(); ++i) {
    double& v = values[i];
    switch (kind) {
      case Distribution::kTies: v = tie(random); break;
      case Distribution::kScales: v = random.normal() * scale_of_row(int64_t(i) / width); break;
      case Distribution::kTiny: v = tiny(random); break;
      case Distribution::kOffset: v = random.normal() + 16; break;
      default: v = random.normal(); break;
    }
  }
  if (kind != Distribution::kNonfinite || values.empty()) return;
  // A few: most of the output must stay what it was.
  constexpr double kOdd[] = {INFINITY, -INFINITY, NAN};
  for (size_t k = 0; k < 3; ++k) values[size_t(random.below(int64_t(values.size())))] = kOdd[k];
}

}  // namespace fk::cases
