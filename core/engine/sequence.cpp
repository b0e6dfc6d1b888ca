// SPDX-License-Identifier: Apache-2.0
#include "core/engine/sequence.hpp"

#include <memory_resource>

namespace fk::core {
namespace {

std::pmr::memory_resource& pool() {
  static auto* p = new std::pmr::synchronized_pool_resource(  // engines may live to the very end
      {.max_blocks_per_chunk = 256, .largest_required_pool_block = sizeof(Sequence)});
  return *p;
}

}  // namespace

void* Sequence::operator new(size_t bytes, std::align_val_t align) {
  return pool().allocate(bytes, size_t(align));
}

void Sequence::operator delete(void* p, size_t bytes, std::align_val_t align) noexcept {
  pool().deallocate(p, bytes, size_t(align));
}

}  // namespace fk::core
