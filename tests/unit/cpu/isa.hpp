// SPDX-License-Identifier: Apache-2.0
// What the tests share: the instruction sets, seeded numbers and storage types.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "workers.hpp"

namespace fkcpu {

// A test for every instruction set of this machine; the generic one always runs.
class EveryIsa : public testing::TestWithParam<const char*> {
 protected:
  static std::vector<const char*> present() {
    std::vector<const char*> names;
    for (const char* isa : {"avx512", "avx2", "generic"})
      if (find_kernels(isa)) names.push_back(isa);
    return names;
  }
  const Kernels& k() const { return *find_kernels(GetParam()); }

 public:
  static auto all() { return testing::ValuesIn(present()); }
};

struct Random {
  std::mt19937 engine;
  explicit Random(uint32_t seed) : engine(seed) {}
  float operator()(float low = -1, float high = 1) {
    return std::uniform_real_distribution<float>(low, high)(engine);
  }
  std::vector<float> vector(size_t n, float low = -1, float high = 1) {
    std::vector<float> v(n);
    for (float& x : v) x = (*this)(low, high);
    return v;
  }
};

// Values as they stand in storage of type T, and what they are worth.
template <class T>
struct Stored {
  std::vector<T> data;
  std::vector<float> values;
  explicit Stored(const std::vector<float>& v) : data(v.size()), values(v.size()) {
    for (size_t i = 0; i < v.size(); ++i) {
      from_float(v[i], &data[i]);
      values[i] = to_float(data[i]);
    }
  }
};
template <class T>
constexpr Type type_v = sizeof(T) == 4            ? Type::kF32
                        : std::is_same_v<T, bf16> ? Type::kBF16
                                                  : Type::kF16;
// One rounding to T, relative.
template <class T>
constexpr double rounding_v = sizeof(T) == 4            ? 6e-8
                              : std::is_same_v<T, bf16> ? 0.0040
                                                        : 0.0005;

// Splits a range over `count` threads that run one after another: what a static pool computes,
// deterministically.
class SerialWorkers final : public Workers {
 public:
  explicit SerialWorkers(int count) : count_(count) {}
  int count() const override { return count_; }
  void parallel_for(int64_t n, Body body) const override {
    for (int t = 0; t < count_; ++t)
      if (n * t / count_ < n * (t + 1) / count_) body(n * t / count_, n * (t + 1) / count_, t);
  }
  void* scratch(size_t bytes) const override {
    const size_t size = (bytes + 63) / 64 * 64;
    blocks_.emplace_back(std::aligned_alloc(64, size ? size : 64), &std::free);
    return blocks_.back().get();
  }

 private:
  int count_;
  mutable std::vector<std::unique_ptr<void, void (*)(void*)>> blocks_;
};

}  // namespace fkcpu
