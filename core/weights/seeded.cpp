// SPDX-License-Identifier: Apache-2.0
#include "core/weights/seeded.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

namespace fk::core {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t fnv1a64(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3;
  return h;
}

bool is_norm(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  if (lower != "weight" && !lower.ends_with(".weight")) return false;
  return lower.find("norm") != std::string::npos || lower.starts_with("ln") ||
         lower.find(".ln") != std::string::npos;
}

}  // namespace

SeededTensor::SeededTensor(uint64_t seed, std::string_view name, SeedScale scale)
    : key_(mix(fnv1a64(name) ^ mix(seed))), mean_(scale.mean), step_(scale.std / 37837.227) {}

void SeededTensor::fill(int64_t begin, std::span<float> out) const {
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t h = mix(key_ + (uint64_t(begin) + i + 1) * kGolden);
    const int64_t sum =
        int64_t((h & 0xffff) + ((h >> 16) & 0xffff) + ((h >> 32) & 0xffff) + (h >> 48));
    out[i] = float(mean_ + step_ * double(sum - 131070));
  }
}

SeedScale default_seed_scale(std::string_view name, std::span<const int64_t> shape) {
  const auto wide = std::count_if(shape.begin(), shape.end(), [](int64_t d) { return d != 1; });
  if (wide <= 1) return {is_norm(name) ? 1.0 : 0.0, 0.1};
  return {0, 1 / std::sqrt(double(shape.back()))};
}

}  // namespace fk::core
