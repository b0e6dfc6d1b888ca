// SPDX-License-Identifier: Apache-2.0
// One tile of attention against its definition in double, dense and paged, with every option.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "isa.hpp"

namespace fkcpu {
namespace {

struct Setup {
  int positions, group;
  int64_t head_size, keys, context;  // the first query stands at position `context`
  bool causal;
  int64_t window = 0, block_size = 0;
  float soft_cap = 0;
  bool slopes = false;
};

class AttendTest : public EveryIsa {};

template <class T>
void check(const Kernels& k, const Setup& s) {
  Random random(uint32_t(s.keys * 7 + s.head_size));
  const int64_t q_row = s.group * s.head_size + 11, kv_row = s.head_size + 5;
  const Stored<T> q(random.vector(size_t(s.positions * q_row), -2, 2));
  // Keys go to scattered blocks; what no key occupies is NaN.
  const int64_t size = s.block_size ? s.block_size : s.keys,
                blocks = s.block_size ? (s.keys + size - 1) / size : 1;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Stored<T> kk(std::vector<float>(size_t(3 * blocks * size * kv_row), nan)), vv = kk;
  std::vector<int32_t> table(static_cast<size_t>(blocks));
  for (size_t b = 0; b < table.size(); ++b) table[b] = int32_t((b * 7 + 2) % size_t(3 * blocks));
  if (blocks % 7 == 0) std::iota(table.begin(), table.end(), 1);
  const auto row = [&](int64_t key) {
    return s.block_size ? (table[size_t(key / size)] * size + key % size) * kv_row : key * kv_row;
  };
  for (int64_t key = 0; key < s.keys; ++key)
    for (int64_t i = 0; i < s.head_size; ++i)
      for (auto* t : {&kk, &vv}) {
        from_float(random(-1, 1), &t->data[size_t(row(key) + i)]);
        t->values[size_t(row(key) + i)] = to_float(t->data[size_t(row(key) + i)]);
      }
  const std::vector<float> slopes = random.vector(size_t(s.group), 0, 0.3f);
  const int64_t out_row = s.group * s.head_size + 3;
  std::vector<T> out(size_t(s.positions * out_row));
  std::vector<float> scratch(size_t(attend_scratch(s.positions * s.group, s.head_size)), nan);

  AttendArgs a{};
  a.q = q.data.data();
  a.k = kk.data.data();
  a.v = vv.data.data();
  a.q_position = q_row;
  a.q_head = s.head_size;
  a.k_stride = a.v_stride = kv_row;
  if (s.block_size) a.block_table = table.data();
  a.block_size = size;
  a.k_block = a.v_block = size * kv_row;
  a.positions = s.positions;
  a.group = s.group;
  a.head_size = s.head_size;
  a.first_position = s.context;
  a.key_end = s.keys;
  a.causal = s.causal;
  a.window = s.window;
  a.scale = 0.3f;
  a.soft_cap = s.soft_cap;
  a.slopes = s.slopes ? slopes.data() : nullptr;
  a.out = out.data();
  a.out_position = out_row;
  a.out_head = s.head_size;
  a.scratch = scratch.data();
  k.attend[int(type_v<T>)](a);

  for (int p = 0; p < s.positions; ++p)
    for (int h = 0; h < s.group; ++h) {
      const int64_t position = s.context + p,
                    end = s.causal ? std::min(s.keys, position + 1) : s.keys;
      const int64_t begin = s.window ? std::max<int64_t>(0, position + 1 - s.window) : 0;
      std::vector<double> weight, sum(size_t(s.head_size), 0.0);
      double largest = -1e300, total = 0;
      for (int64_t key = begin; key < end; ++key) {
        double score = 0;
        for (int64_t i = 0; i < s.head_size; ++i)
          score += double(q.values[size_t(p * q_row + h * s.head_size + i)]) *
                   kk.values[size_t(row(key) + i)];
        score *= double(0.3f);
        if (s.soft_cap > 0) score = s.soft_cap * std::tanh(score / s.soft_cap);
        if (s.slopes) score += slopes[size_t(h)] * double(key - position);
        weight.push_back(score);
        largest = std::max(largest, score);
      }
      for (double& w : weight) total += w = std::exp(w - largest);
      for (int64_t key = begin; key < end; ++key)
        for (int64_t i = 0; i < s.head_size; ++i)
          sum[size_t(i)] += weight[size_t(key - begin)] / total * vv.values[size_t(row(key) + i)];
      for (int64_t i = 0; i < s.head_size; ++i)
        EXPECT_NEAR(to_float(out[size_t(p * out_row + h * s.head_size + i)]), sum[size_t(i)],
                    std::max(10 * rounding_v<T>, 4e-6))
            << "position " << p << ", head " << h << ", dim " << i << " of " << s.positions << " x "
            << s.group << " x " << s.head_size << " over " << s.keys << " keys";
    }
}

void check_all(const Kernels& k, const Setup& s) {
  check<float>(k, s);
  check<bf16>(k, s);
  check<f16>(k, s);
}

TEST_P(AttendTest, Decodes) {
  for (int64_t keys : {1, 2, 15, 16, 17, 63, 64, 65, 130, 200})
    check_all(k(), {.positions = 1,
                    .group = 3,
                    .head_size = 64,
                    .keys = keys,
                    .context = keys - 1,
                    .causal = true,
                    .block_size = 16});
}
TEST_P(AttendTest, Prefills) {
  for (int positions : {2, 5, 14, 32})
    check_all(k(), {.positions = positions,
                    .group = 3,
                    .head_size = 64,
                    .keys = 40 + positions,
                    .context = 40,
                    .causal = true,
                    .block_size = 16});
}
TEST_P(AttendTest, TakesAnyHeadSize) {
  for (int64_t size : {1, 8, 15, 24, 33, 65, 128})
    check_all(k(), {.positions = 7,
                    .group = 2,
                    .head_size = size,
                    .keys = 71,
                    .context = 64,
                    .causal = true,
                    .block_size = 5});
}
TEST_P(AttendTest, LooksAtAllKeysWhenNotCausal) {
  for (int64_t keys : {1, 9, 64, 129})
    check_all(
        k(),
        {.positions = 9, .group = 1, .head_size = 32, .keys = keys, .context = 0, .causal = false});
}
TEST_P(AttendTest, Windows) {
  for (int64_t window : {1, 5, 64, 100})
    for (int64_t context : {0, 3, 150, 500})
      check_all(k(), {.positions = 20,
                      .group = 2,
                      .head_size = 24,
                      .keys = context + 20,
                      .context = context,
                      .causal = true,
                      .window = window,
                      .block_size = 4});
}
TEST_P(AttendTest, CapsAndSlopes) {
  check_all(k(), {.positions = 9,
                  .group = 2,
                  .head_size = 16,
                  .keys = 80,
                  .context = 71,
                  .causal = true,
                  .block_size = 8,
                  .soft_cap = 3.0f});
  check_all(k(), {.positions = 9,
                  .group = 2,
                  .head_size = 16,
                  .keys = 80,
                  .context = 71,
                  .causal = true,
                  .block_size = 8,
                  .slopes = true});
}

INSTANTIATE_TEST_SUITE_P(Isa, AttendTest, EveryIsa::all(),
                         [](const auto& i) { return std::string(i.param); });

}  // namespace
}  // namespace fkcpu
