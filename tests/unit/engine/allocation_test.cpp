// SPDX-License-Identifier: Apache-2.0
// No allocation on the path of a step after warm-up: counted where every allocation of the process passes.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/unit/engine/tiny_llama.hpp"

namespace {
std::atomic<bool> g_counting{false};
std::atomic<int64_t> g_allocations{0};

void* allocate(size_t size, size_t align) {
  if (g_counting) ++g_allocations;
  void* p = align > alignof(std::max_align_t) ? std::aligned_alloc(align, (size + align - 1) / align * align) : std::malloc(size ? size : 1);
  if (!p) throw std::bad_alloc();
  return p;
}
}  // namespace

void* operator new(size_t n) { return allocate(n, 0); }
void* operator new(size_t n, std::align_val_t a) { return allocate(n, size_t(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace fk::test {
namespace {

TEST(Allocation, AStepAllocatesNothingAfterWarmUp) {
  auto lm = tiny_llama();
  for (uint64_t i = 0; i < 4; ++i) {
    core::Request r = tiny_request(tiny_prompt(i, 40), 60);
    r.sampling.temperature = i % 2 ? 0.8f : 0.0f;
    lm->add(r);
  }
  for (int i = 0; i < 8; ++i) lm->step();   // prompts, then decodes
  lm->model().freeze();
  g_allocations = 0;
  g_counting = true;
  for (int i = 0; i < 20; ++i) lm->step();
  g_counting = false;
  EXPECT_EQ(g_allocations, 0);
  lm->run();
  EXPECT_EQ(lm->take_finished().size(), 4u);
}

TEST(Allocation, TheCounterCounts) {
  g_allocations = 0;
  g_counting = true;
  delete new int(3);
  std::string long_text(100, 'x');
  g_counting = false;
  EXPECT_GE(g_allocations, 1);
}

}  // namespace
}  // namespace fk::test
