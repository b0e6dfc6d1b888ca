// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace fk::test {
namespace {

struct Range {
  int64_t begin, end;
  int32_t thread;
};

template <class F>
void parallel_for(const core::ThreadPool& pool, int64_t n, F body) {
  pool.service()->parallel_for(
      pool.service(), n,
      [](void* f, int64_t b, int64_t e, int32_t t) { (*static_cast<F*>(f))(b, e, t); }, &body);
}

std::vector<Range> ranges(const core::ThreadPool& pool, int64_t n) {
  std::vector<Range> out(size_t(pool.count()), Range{0, 0, -1});
  parallel_for(pool, n, [&](int64_t b, int64_t e, int32_t t) { out.at(size_t(t)) = {b, e, t}; });
  return out;
}

TEST(ThreadPool, SplitsIntoOneContiguousRangeAThread) {
  const core::ThreadPool pool(3);
  EXPECT_EQ(pool.count(), 3);
  for (int64_t n : {1, 2, 3, 4, 7, 100, 1000001}) {
    int64_t next = 0, smallest = n, largest = 0;
    for (const Range& r : ranges(pool, n)) {
      if (r.thread < 0) continue;  // an empty range is not called
      EXPECT_EQ(r.begin, next);
      next = r.end;
      smallest = std::min(smallest, r.end - r.begin);
      largest = std::max(largest, r.end - r.begin);
    }
    EXPECT_EQ(next, n);
    if (n != 1) { EXPECT_LE(largest - smallest, 1) << n; }
  }
}

TEST(ThreadPool, SameSplitEveryTime) {
  const core::ThreadPool pool(3);
  const auto first = ranges(pool, 10);
  for (int i = 0; i < 100; ++i) {
    const auto again = ranges(pool, 10);
    for (size_t t = 0; t < 3; ++t) EXPECT_EQ(again[t].begin, first[t].begin);
  }
}

TEST(ThreadPool, NothingForNothing) {
  const core::ThreadPool pool(2);
  parallel_for(pool, 0, [](int64_t, int64_t, int32_t) { FAIL(); });
  parallel_for(pool, -5, [](int64_t, int64_t, int32_t) { FAIL(); });
}

TEST(ThreadPool, NestedCallsRunInline) {
  const core::ThreadPool pool(3);
  std::atomic<int64_t> sum{0};
  parallel_for(pool, 30, [&](int64_t b, int64_t e, int32_t outer) {
    const auto id = std::this_thread::get_id();
    for (int64_t i = b; i < e; ++i)
      parallel_for(pool, 10, [&](int64_t nb, int64_t ne, int32_t inner) {
        EXPECT_EQ(nb, 0);
        EXPECT_EQ(ne, 10);
        EXPECT_EQ(inner, outer);
        EXPECT_EQ(std::this_thread::get_id(), id);
        sum += ne - nb;
      });
  });
  EXPECT_EQ(sum, 300);
}

// Plain data written by one region and read by the next, and by the caller after it: the pool
// orders them.
TEST(ThreadPool, RegionsAreOrdered) {
  const core::ThreadPool pool(4);
  std::vector<int64_t> v(1000, 0);
  for (int round = 1; round <= 500; ++round) {
    parallel_for(pool, int64_t(v.size()), [&](int64_t b, int64_t e, int32_t) {
      for (int64_t i = b; i < e; ++i) v[size_t(i)] += 1;
    });
    ASSERT_EQ(v[size_t(round) % v.size()], round);
  }
  for (int64_t x : v) ASSERT_EQ(x, 500);
}

TEST(ThreadPool, WakesSleepersAfterAPause) {
  const core::ThreadPool pool(3);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than the spin
    std::atomic<int64_t> sum{0};
    parallel_for(pool, 300, [&](int64_t b, int64_t e, int32_t) { sum += e - b; });
    ASSERT_EQ(sum, 300);
  }
}

TEST(ThreadPool, CallersOfTwoThreadsDoNotMix) {
  const core::ThreadPool pool(2);
  const auto hammer = [&] {
    for (int i = 0; i < 2000; ++i) {
      std::atomic<int64_t> sum{0};
      parallel_for(pool, 64, [&](int64_t b, int64_t e, int32_t) { sum += e - b; });
      ASSERT_EQ(sum, 64);
    }
  };
  std::thread other(hammer);
  hammer();
  other.join();
}

// More busy threads than cores: workers are held back and others take their ranges over.
TEST(ThreadPool, UnderLoadEveryRangeRunsOnceUnderItsOwnNumber) {
  const core::ThreadPool pool(4);
  std::atomic<bool> stop{false};
  std::vector<std::thread> load;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
    load.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed)) {}
    });
  std::atomic<int> inside[4] = {};
  for (int round = 0; round < 300; ++round) {
    int calls[4] = {};
    parallel_for(pool, 10, [&](int64_t b, int64_t e, int32_t t) {
      EXPECT_EQ(inside[t].fetch_add(1), 0);
      EXPECT_EQ(b, t < 2 ? 3 * t : 6 + 2 * (t - 2));
      EXPECT_EQ(e - b, t < 2 ? 3 : 2);
      ++calls[t];
      inside[t].fetch_sub(1);
    });
    for (int n : calls) ASSERT_EQ(n, 1);
  }
  stop = true;
  for (std::thread& t : load) t.join();
}

TEST(ThreadPool, OneThreadHasNoWorkers) {
  const core::ThreadPool pool(1);
  EXPECT_EQ(pool.count(), 1);
  EXPECT_EQ(ranges(pool, 5)[0].end, 5);
  EXPECT_GE(core::ThreadPool(0).count(), 1);
}

}  // namespace
}  // namespace fk::test
