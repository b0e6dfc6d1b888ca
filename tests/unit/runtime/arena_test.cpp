// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace fk::test {
namespace {

using core::Arena;

TEST(Arena, AlignsAndStacks) {
  Arena a;
  void* p = a.allocate(1);
  void* q = a.allocate(300);
  void* r = a.allocate(0);
  for (void* x : {p, q, r}) EXPECT_EQ(reinterpret_cast<uintptr_t>(x) % 256, 0u);
  EXPECT_EQ(static_cast<char*>(q) - static_cast<char*>(p), 256);
  EXPECT_EQ(static_cast<char*>(r) - static_cast<char*>(q), 512);
}

TEST(Arena, FramesGiveBackWhatTheyTook) {
  Arena a;
  const auto outer = a.mark();
  void* p = a.allocate(1000);
  const auto inner = a.mark();
  void* q = a.allocate(5000);
  a.release(inner);
  EXPECT_EQ(a.allocate(10), q);
  a.release(outer);
  EXPECT_EQ(a.allocate(10), p);
}

// Pointers handed out stay valid while it grows.
TEST(Arena, GrowsWithoutMoving) {
  Arena a;
  const auto start = a.mark();
  auto* first = static_cast<char*>(a.allocate(1000));
  std::memset(first, 7, 1000);
  for (int i = 0; i < 20; ++i) std::memset(a.allocate(size_t{1} << 20), i, size_t{1} << 20);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(first[i], 7);
  a.release(start);
  EXPECT_GE(a.high_water(), size_t{20} << 20);
}

TEST(Arena, SettlesIntoOneChunkAndFreezes) {
  Arena a;
  const auto step = [&] {
    const auto m = a.mark();
    void* p = a.allocate(700000);
    a.allocate(900000);
    void* q = a.allocate(100);
    a.release(m);
    return std::pair(p, q);
  };
  step();
  a.settle();
  const auto second = step();
  EXPECT_EQ(step(), second);  // addresses repeat
  a.freeze();
  EXPECT_EQ(step(), second);
  const auto m = a.mark();
  EXPECT_EQ(a.allocate(a.capacity() + 1), nullptr);
  EXPECT_NE(a.allocate(100), nullptr);
  a.release(m);
}

TEST(Arena, SizesThatOverflowAreRefused) {
  Arena a;
  EXPECT_EQ(a.allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(a.allocate(SIZE_MAX - 255), nullptr);
  EXPECT_NE(a.allocate(1), nullptr);
}

}  // namespace
}  // namespace fk::test
