// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fk::core {

// 256-byte aligned memory that lives as long as the arena. Taken in big chunks on huge pages where
// the system gives them: a decode step reads every weight once, and 4-KiB pages would cost a TLB
// miss each.
class HostArena {
 public:
  HostArena() = default;
  ~HostArena();
  HostArena(const HostArena&) = delete;
  HostArena& operator=(const HostArena&) = delete;
  uint8_t* allocate(size_t bytes);  // zeroed; throws Error when memory runs out
  size_t bytes() const { return used_; }

 private:
  struct Chunk {
    uint8_t* data;
    size_t size;
  };
  std::vector<Chunk> chunks_;
  size_t free_begin_ = 0, used_ = 0;  // of the last chunk; of all
};

}  // namespace fk::core
