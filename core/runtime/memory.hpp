// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

#include "fk/abi.h"

namespace fk::core {

// Host memory, 256-byte aligned and zero, freed with the object. Large blocks are mapped: untouched
// pages cost nothing.
class Memory {
 public:
  explicit Memory(size_t bytes);  // throws std::bad_alloc
  ~Memory();
  Memory(Memory&& other) noexcept : data_(other.data_), bytes_(other.bytes_) {
    other.data_ = nullptr;
  }
  Memory& operator=(Memory&&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// What stands for every address in a dry build: never mapped, so using it faults at once.
inline void* fake_address() { return reinterpret_cast<void*>(0x1000); }

}  // namespace fk::core
