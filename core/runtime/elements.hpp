// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/dtype.hpp"
#include "fk/abi.h"

namespace fk::core {

inline int64_t numel(const fk_tensor& t) {
  int64_t n = 1;
  for (int i = 0; i < t.ndim; ++i) n *= t.shape[i];
  return n;
}

// Bytes from the first element to the end of the last.
inline size_t extent_bytes(const fk_tensor& t) {
  if (numel(t) == 0) return 0;
  int64_t last = 0;
  for (int i = 0; i < t.ndim; ++i) last += (t.shape[i] - 1) * t.strides[i];
  return size_t(last + 1) * dtype_bytes(t.dtype);
}

// Calls body(byte offset, bytes) for every contiguous run of elements (the last dimension).
template <class F>
void for_each_row(const fk_tensor& t, const F& body) {
  if (numel(t) == 0) return;
  const size_t e = dtype_bytes(t.dtype);
  if (t.ndim == 0) return body(size_t{0}, e);
  const size_t row = size_t(t.shape[t.ndim - 1]) * e;
  std::vector<int64_t> at(size_t(t.ndim), 0);
  while (true) {
    int64_t offset = 0;
    for (int i = 0; i + 1 < t.ndim; ++i) offset += at[size_t(i)] * t.strides[i];
    body(size_t(offset) * e, row);
    int i = t.ndim - 2;
    while (i >= 0 && ++at[size_t(i)] == t.shape[i]) at[size_t(i--)] = 0;
    if (i < 0) return;
  }
}

// Of the elements alone, so that neighbours in memory may change.
inline uint64_t checksum(const fk_tensor& t) {
  uint64_t h = 0xcbf29ce484222325;
  const auto* base = static_cast<const uint8_t*>(t.data);
  for_each_row(t, [&](size_t offset, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, base + offset + i, bytes - i < 8 ? bytes - i : 8);
      h = (h ^ word) * 0x100000001b3;
      h ^= h >> 29;
    }
  });
  return h;
}

}  // namespace fk::core
