// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "core/base/sanitized.hpp"

namespace {
std::atomic<uint64_t> count{0};
}

#if FK_SANITIZED
// The sanitizers own malloc; they tell.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, size_t),
                                                         void (*)(const volatile void*));
namespace {
const int kInstalled = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { ++count; }, [](const volatile void*) {});
}
#else
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void* malloc(size_t n) { return ++count, __libc_malloc(n); }
void* calloc(size_t n, size_t m) { return ++count, __libc_calloc(n, m); }
void* realloc(void* p, size_t n) { return ++count, __libc_realloc(p, n); }
void* memalign(size_t a, size_t n) { return ++count, __libc_memalign(a, n); }
void* aligned_alloc(size_t a, size_t n) { return ++count, __libc_memalign(a, n); }
int posix_memalign(void** out, size_t a, size_t n) {
  ++count;
  *out = __libc_memalign(a, n);
  return *out ? 0 : ENOMEM;
}
}
#endif

namespace fk::test {
uint64_t allocation_count() { return count.load(); }
}  // namespace fk::test
