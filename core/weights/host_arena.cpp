// SPDX-License-Identifier: Apache-2.0
#include "core/weights/host_arena.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::core {
namespace {
constexpr size_t kChunk = size_t(32) << 20, kHugePage = size_t(2) << 20, kAlignment = 256;
size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
}  // namespace

uint8_t* HostArena::allocate(size_t bytes) {
  const size_t size = std::max(round_up(bytes, kAlignment), kAlignment);
  if (size < bytes) bad_input("weights of {} bytes do not fit into memory", bytes);
  if (chunks_.empty() || size > chunks_.back().size - free_begin_) {
    // One huge page more, so that the chunk can begin on a boundary of them.
    const size_t chunk = round_up(std::max(size, kChunk), kHugePage) + kHugePage;
    void* p = ::mmap(nullptr, chunk, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
      missing("out of memory: {} bytes more for weights, {} are held", chunk, used_);
    ::madvise(p, chunk, MADV_HUGEPAGE);  // a wish; the kernel may have none
    chunks_.push_back({static_cast<uint8_t*>(p), chunk});
    free_begin_ =
        round_up(reinterpret_cast<uintptr_t>(p), kHugePage) - reinterpret_cast<uintptr_t>(p);
  }
  uint8_t* result = chunks_.back().data + free_begin_;
  free_begin_ += size;
  used_ += size;
  return result;
}

HostArena::~HostArena() {
  for (const Chunk& c : chunks_) ::munmap(c.data, c.size);
}

}  // namespace fk::core
