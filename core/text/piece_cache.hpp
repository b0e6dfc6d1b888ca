// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/text/vocabulary.hpp"

namespace fk::core::text {

// Remembers the ids of short pieces: text repeats its words. Direct-mapped, one cache line an
// entry, 1 MiB in all; a newcomer displaces who was there. For one thread at a time.
class PieceCache {
 public:
  // Appends the ids of the piece and returns true when it is known.
  bool find(std::string_view piece, std::vector<int32_t>& out) {
    if (piece.size() > sizeof(Entry::key)) return false;
    const uint64_t hash = hash_bytes(piece);
    slot_ = &entries_[hash & (kEntries - 1)];
    if (slot_->length != piece.size() || std::memcmp(slot_->key, piece.data(), piece.size()) != 0) {
      return false;
    }
    out.insert(out.end(), slot_->ids, slot_->ids + slot_->count);
    return true;
  }
  // Remembers what followed a find() of the same piece that returned false.
  void keep(std::string_view piece, const int32_t* ids, size_t count) {
    if (piece.size() > sizeof(Entry::key) || count > kIds) return;
    slot_->length = static_cast<uint8_t>(piece.size());
    slot_->count = static_cast<uint8_t>(count);
    std::memcpy(slot_->key, piece.data(), piece.size());
    std::memcpy(slot_->ids, ids, count * sizeof *ids);
  }

 private:
  static constexpr size_t kEntries = 1 << 14;
  static constexpr size_t kIds = 9;
  struct alignas(64) Entry {
    uint8_t length = 0, count = 0;  // length 0: free
    char key[26];
    int32_t ids[kIds];
  };
  static_assert(sizeof(Entry) == 64);
  std::unique_ptr<Entry[]> entries_ = std::make_unique<Entry[]>(kEntries);
  Entry* slot_ = nullptr;
};

}  // namespace fk::core::text
