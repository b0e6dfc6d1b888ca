// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/memory.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace fk::core {
namespace {
constexpr size_t kAlign = 256, kMapped = size_t{1} << 20;
}

Memory::Memory(size_t bytes) : bytes_(bytes) {
  if (bytes < kMapped) {
    const size_t size = bytes == 0 ? 1 : bytes;
    data_ = ::operator new (size, std::align_val_t{kAlign});
    std::memset(data_, 0, size);
    return;
  }
  data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
               -1, 0);
  if (data_ == MAP_FAILED) throw std::bad_alloc();
  madvise(data_, bytes, MADV_HUGEPAGE);
}

Memory::~Memory() {
  if (!data_) return;
  if (bytes_ < kMapped)
    ::operator delete (data_, std::align_val_t{kAlign});
  else
    munmap(data_, bytes_);
}

}  // namespace fk::core
