// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

namespace fk::judge {

// Memory that the Judge and a Runner share. This is the one place that knows what it is made of: a
// memfd on the CPU; on a card it will be a VMM allocation whose handle travels as a descriptor too,
// mapped read-only or not in the same way.
class Region {
 public:
  enum class Access { kReadOnly, kReadWrite };

  // The Judge's side, zero-filled and writable. `other`: what the Runner may do. A read-only region
  // is sealed: no mapping of it that can be written will ever be made again. Throws Error kMissing.
  static Region create(size_t bytes, Access other, const char* name);
  // The Runner's side. The descriptor is the caller's to close. Throws Error kMissing.
  static Region map(int descriptor, size_t bytes, Access);
  Region() = default;
  ~Region();
  Region(Region&&) noexcept;
  Region& operator=(Region&&) noexcept;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  int descriptor() const { return descriptor_; }  // of the Judge's side; else -1

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  int descriptor_ = -1;
};

}  // namespace fk::judge
