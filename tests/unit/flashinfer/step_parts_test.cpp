// SPDX-License-Identifier: Apache-2.0
#include "baselines/flashinfer/step_parts.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fk::flashinfer {
namespace {

// (queries, length) of every sequence.
std::pair<int64_t, int64_t> parts(const std::vector<std::pair<int, int>>& sequences) {
  std::vector<int32_t> starts{0}, lengths;
  for (const auto& [queries, length] : sequences) {
    starts.push_back(starts.back() + queries);
    lengths.push_back(length);
  }
  const StepParts p = parts_of(starts.data(), lengths.data(), int64_t(lengths.size()));
  return {p.singles, p.fresh};
}
using Pair = std::pair<int64_t, int64_t>;

TEST(StepParts, InTheOrderOfEngines) {
  EXPECT_EQ(parts({{1, 80}, {1, 7}, {15, 40}, {33, 33}, {64, 64}}), (Pair{2, 3}));
  EXPECT_EQ(parts({{1, 80}, {15, 40}}), (Pair{1, 2}));
  EXPECT_EQ(parts({{33, 33}}), (Pair{0, 0}));
  EXPECT_EQ(parts({}), (Pair{0, 0}));
}

TEST(StepParts, ASequenceIsInOnePart) {
  EXPECT_EQ(parts({{1, 1}, {1, 1}}), (Pair{2, 2}));  // a prompt of one token, first
  EXPECT_EQ(parts({{1, 1}, {5, 5}, {1, 1}}), (Pair{1, 1}));
}

TEST(StepParts, AnyOtherOrderIsRightToo) {
  EXPECT_EQ(parts({{33, 33}, {1, 9}, {10, 90}}), (Pair{0, 3}));
  EXPECT_EQ(parts({{5, 5}, {10, 90}, {1, 9}, {4, 4}}), (Pair{0, 3}));
  EXPECT_EQ(parts({{1, 9}, {0, 0}, {4, 4}}), (Pair{1, 2}));  // nothing to do is not fresh
}

}  // namespace
}  // namespace fk::flashinfer
