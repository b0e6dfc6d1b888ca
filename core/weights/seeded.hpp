// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fk::core {

struct SeedScale {
  double mean = 0, std = 0;
};

// Random weights that depend on the seed, the tensor's name in the weight file and the element's
// index there, nothing else: any part can be made alone, and tools/seeded_weights.py makes the same
// fp32 values bit for bit.
//   key   = mix(fnv1a64(name) ^ mix(seed))
//   h     = mix(key + (index + 1) * 0x9e3779b97f4a7c15)          mix: splitmix64's finaliser
//   c     = the sum of h's four 16-bit parts - 131070             close to a normal distribution
//   value = float32(mean + std / 37837.227 * c)                   in float64, products and sums
//   rounded one by one
class SeededTensor {
 public:
  SeededTensor(uint64_t seed, std::string_view name, SeedScale scale);
  // Elements [begin, begin + out.size()) of the tensor, row-major.
  void fill(int64_t begin, std::span<float> out) const;

 private:
  uint64_t key_;
  double mean_, step_;
};

// The scale of a tensor that its name map says nothing about:
//   one dimension (others being 1), a part of the name with "norm" (any case) or beginning with
//   "ln", last part "weight": mean 1, std 0.1;   any other vector: std 0.1; else std 1 / sqrt(last
//   dimension), which keeps activations near 1.
SeedScale default_seed_scale(std::string_view name, std::span<const int64_t> shape);

}  // namespace fk::core
