// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/shadow.hpp"

#include <fmt/format.h>

#include "core/runtime/elements.hpp"

namespace fk::core {
namespace {

constexpr size_t kGuard = 256;
constexpr unsigned char kCanary = 0xCA;

// A bit pattern that no arithmetic gives: a NaN with a payload for floats, an unlikely value for
// integers.
uint64_t pattern(fk_dtype t) {
  if (t.code == FK_BFLOAT) return 0x7FA5;
  if (t.code != FK_FLOAT) return 0xA5C3965A5AC369A5;
  return t.bits == 64 ? 0x7FFA5A5A5A5A5A5A : t.bits == 32 ? 0x7FA5A5A5 : 0x7DA5;
}

}  // namespace

Shadow::Shadow(const Field& field, const fk_tensor& real, bool keep)
    : field_(field), real_(&real), copy_(real), keep_(keep), bytes_(extent_bytes(real)) {
  memory_ = std::make_unique<unsigned char[]>(bytes_ + 3 * kGuard);
  const auto at = (reinterpret_cast<uintptr_t>(memory_.get()) + 2 * kGuard - 1) / kGuard * kGuard;
  data_ = reinterpret_cast<unsigned char*>(at);
  std::memset(data_ - kGuard, kCanary, bytes_ + 2 * kGuard);
  copy_.data = data_;
  const size_t e = dtype_bytes(real.dtype);
  const uint64_t nan = pattern(real.dtype);
  for_each_row(real, [&](size_t offset, size_t bytes) {
    if (keep)
      std::memcpy(data_ + offset, static_cast<const char*>(real.data) + offset, bytes);
    else
      for (size_t i = 0; i < bytes; i += e) std::memcpy(data_ + offset + i, &nan, e);
  });
}

// An element that still holds the pattern was not written. One byte can hold it by chance: all of
// them cannot.
std::string Shadow::unwritten() const {
  const size_t e = dtype_bytes(copy_.dtype);
  const uint64_t nan = pattern(copy_.dtype);
  int64_t index = 0, first = -1, count = 0;
  for_each_row(copy_, [&](size_t offset, size_t bytes) {
    for (size_t i = 0; i < bytes; i += e, ++index) {
      if (std::memcmp(data_ + offset + i, &nan, e) != 0) continue;
      if (first < 0) first = index;
      ++count;
    }
  });
  if (count == 0 || (e == 1 && (count < index || index < 4))) return {};
  return fmt::format("it left {} of the {} elements of output {} unwritten, the first is {}", count,
                     index, field_.name, first);
}

std::string Shadow::close() {
  std::string text = keep_ ? std::string() : unwritten();
  for_each_row(copy_, [&](size_t offset, size_t bytes) {
    std::memcpy(static_cast<char*>(real_->data) + offset, data_ + offset, bytes);
    std::memset(data_ + offset, kCanary, bytes);
  });
  for (size_t i = 0; i < bytes_ + 2 * kGuard; ++i) {
    const unsigned char* p = data_ - kGuard + i;
    if (*p == kCanary) continue;
    const char* kind = keep_ ? "in-place argument" : "output";
    if (p < data_)
      return fmt::format("it wrote {} bytes before {} {}", data_ - p, kind, field_.name);
    if (p >= data_ + bytes_)
      return fmt::format("it wrote {} bytes past the end of {} {}", p - (data_ + bytes_) + 1, kind,
                         field_.name);
    return fmt::format("it wrote between the rows of {} {}, {} bytes from its start", kind,
                       field_.name, p - data_);
  }
  return text;
}

}  // namespace fk::core
