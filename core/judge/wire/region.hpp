// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/judge/wire/cuda/cuda_memory.hpp"
#include "fk/abi.h"

namespace fk::judge {

// Memory that the Judge and a Runner share. This is the one place that knows what it is made of: a
// memfd on the CPU; on a card an allocation whose handle travels as a descriptor too, mapped
// read-only or not in the same way. There the Judge's data() is an image on the host, which push()
// and pull() exchange with the card; on the CPU they do nothing.
class Region {
 public:
  enum class Access { kReadOnly, kReadWrite };

  // The Judge's side, zero-filled and writable. `other`: what the Runner may do. A read-only region
  // is sealed: no mapping of it that can be written will ever be made again. Throws Error kMissing.
  static Region create(size_t bytes, Access other, const char* name,
                       fk_device device = {FK_CPU, 0});
  // The Runner's side: data() is an address of the device. The descriptor is the caller's to close.
  // Throws Error kMissing.
  static Region map(int descriptor, size_t bytes, Access, fk_device device = {FK_CPU, 0});
  Region() = default;
  ~Region();
  Region(Region&&) noexcept;
  Region& operator=(Region&&) noexcept;

  uint8_t* data() const { return data_; }
  // Where the device has it; data() itself but for the Judge's side on a card.
  uint8_t* on_device() const;
  size_t size() const { return size_; }
  int descriptor() const { return descriptor_; }  // of the Judge's side; else -1
  // The Judge's image to the card, and what lies there to the image. While nothing runs on it.
  void push(size_t offset, size_t bytes) const;
  void pull(size_t offset, size_t bytes) const;
  void push() const { push(0, size_); }
  void pull() const { pull(0, size_); }
  // Zeroes, where the device has it.
  void clear() const;

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  int descriptor_ = -1;
  std::unique_ptr<uint8_t, void (*)(void*)> image_{nullptr, nullptr};  // the Judge's, on a card
  std::unique_ptr<CudaMemory> card_;                                   // null on the CPU
};

}  // namespace fk::judge
