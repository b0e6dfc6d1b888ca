// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/arena.hpp"

#include <algorithm>
#include <cassert>
#include <new>

#include "core/base/error.hpp"

namespace fk::core {
namespace {
constexpr size_t kFirstChunk = size_t{1} << 20;
constexpr size_t kLargest = size_t{1} << 40;  // allocators may abort on more
}  // namespace

Arena::~Arena() {
  for (const Chunk& c : chunks_) drop(c);
}

void Arena::drop(const Chunk& c) { device_->release(c.data, c.size); }

void Arena::add_chunk(size_t size) {
  chunks_.push_back({static_cast<char*>(device_->allocate(size)), size});
}

// Bytes in use, counting the unused tails of earlier chunks: what one chunk would need at most.
void Arena::note_peak() {
  size_t used = top_;
  for (size_t i = 0; i < chunk_; ++i) used += chunks_[i].size;
  total_peak_ = std::max(total_peak_, used);
}

void* Arena::allocate_slow(size_t bytes, size_t need) {
  refusal_.clear();
  if (need < bytes || need > kLargest) return nullptr;  // the rounding overflowed, or nonsense
  if (frozen_) return nullptr;
  note_peak();
  size_t next = chunks_.empty() ? 0 : chunk_ + 1;
  // Later chunks are empty: reuse one that is large enough, drop those that are not.
  while (next < chunks_.size() && chunks_[next].size < need) {
    if (pinned_) {
      ++next;
      continue;
    }
    drop(chunks_[next]);
    chunks_.erase(chunks_.begin() + std::ptrdiff_t(next));
  }
  if (next == chunks_.size()) {
    try {
      add_chunk(std::max({need, kFirstChunk, 2 * (chunks_.empty() ? 0 : chunks_.back().size)}));
    } catch (const std::bad_alloc&) { return nullptr; } catch (const Error& e) {
      refusal_ = e.text();
      return nullptr;
    }
  }
  chunk_ = next;
  top_ = need;
  return chunks_[chunk_].data;
}

void Arena::merge() {
  assert(chunk_ == 0 && top_ == 0);
  const size_t size = std::max(high_water(), chunks_.front().size);
  for (const Chunk& c : chunks_) drop(c);
  chunks_.clear();
  add_chunk((size + kAlign - 1) / kAlign * kAlign);
}

void Arena::pin() {
  settle();
  pinned_ = true;
}

void Arena::freeze() {
  pin();
  frozen_ = true;
}

size_t Arena::capacity() const {
  size_t sum = 0;
  for (const Chunk& c : chunks_) sum += c.size;
  return sum;
}

}  // namespace fk::core
