// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/device/device.hpp"

namespace fk::core {

// Scratch memory of one model on its device: a stack of frames, one for every forward call. Grows
// by chunks until frozen, so that pointers stay valid; settle() makes one chunk of the high-water
// size. One thread at a time.
class Arena {
 public:
  static constexpr size_t kAlign = 256;
  struct Mark {
    size_t chunk = 0, top = 0;
  };

  explicit Arena(std::shared_ptr<Device> device = cpu_device()) : device_(std::move(device)) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // 256-byte aligned; nullptr when frozen and full. Zero bytes give a valid pointer.
  void* allocate(size_t bytes) {
    const size_t need = (bytes + kAlign - 1) / kAlign * kAlign;
    if (chunk_ < chunks_.size() && chunks_[chunk_].size - top_ >= need && need >= bytes)
        [[likely]] {
      void* p = chunks_[chunk_].data + top_;
      top_ += need;
      return p;
    }
    return allocate_slow(bytes, need);
  }
  Mark mark() const { return {chunk_, top_}; }
  void release(Mark m) {
    if (m.chunk == chunk_ && top_ > peak_) peak_ = top_;  // cheap high-water mark inside a chunk
    if (m.chunk != chunk_) [[unlikely]]
      note_peak();
    chunk_ = m.chunk;
    top_ = m.top;
  }
  // Only while nothing is allocated: several chunks become one. Free when there is one already.
  void settle() {
    if (chunks_.size() > 1 && !pinned_) [[unlikely]]
      merge();
  }
  void pin();     // chunks stay where they are from here on, more may come
  void freeze();  // and no more may come
  bool frozen() const { return frozen_; }
  // Why the device gave no more when allocate() last failed, or "".
  const std::string& refusal() const { return refusal_; }
  size_t high_water() const { return total_peak_ > peak_ ? total_peak_ : peak_; }
  size_t capacity() const;

 private:
  struct Chunk {
    char* data;
    size_t size;
  };
  void* allocate_slow(size_t bytes, size_t need);
  void note_peak();
  void merge();
  void add_chunk(size_t size);

  void drop(const Chunk&);

  std::shared_ptr<Device> device_;
  std::vector<Chunk> chunks_;
  size_t chunk_ = 0, top_ = 0;
  size_t peak_ = 0, total_peak_ = 0;
  bool pinned_ = false, frozen_ = false;
  std::string refusal_;
};

}  // namespace fk::core
