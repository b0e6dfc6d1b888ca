// SPDX-License-Identifier: Apache-2.0
#include "tests/support/counting/counting_new.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> g_counting{false};
std::atomic<int64_t> g_allocations{0};
bool g_trace = false;

void* allocate(size_t size, size_t align) {
  if (g_counting) {
    ++g_allocations;
    if (g_trace) {
      void* frames[16];
      backtrace_symbols_fd(frames, backtrace(frames, 16), STDERR_FILENO);
    }
  }
  void* p = align ? std::aligned_alloc(align, (size + align - 1) / align * align)
                  : std::malloc(size ? size : 1);
  if (!p) throw std::bad_alloc();
  return p;
}

}  // namespace

void* operator new(size_t n) { return allocate(n, 0); }
void* operator new(size_t n, std::align_val_t a) { return allocate(n, size_t(a)); }
// A sanitizer has one of its own, whose memory the delete below could not free.
void* operator new(size_t n, const std::nothrow_t&) noexcept {
  try {
    return allocate(n, 0);
  } catch (const std::bad_alloc&) { return nullptr; }
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace fk::test {

void start_counting() {
  g_trace = std::getenv("FK_TRACE_ALLOCATIONS");
  void* warm_up[1];
  backtrace(warm_up, 1);  // loads a library the first time
  g_allocations = 0;
  g_counting = true;
}

int64_t stop_counting() {
  g_counting = false;
  return g_allocations;
}

}  // namespace fk::test
