// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core::text {

// Mixes 8 bytes at a time; not for hostile hash flooding, tables here are bounded in probes by
// size.
inline uint64_t hash_bytes(std::string_view s) {
  constexpr uint64_t kMul = 0x9E3779B97F4A7C15u;
  uint64_t h = s.size() * kMul, w;
  const char* p = s.data();
  size_t n = s.size();
  for (; n >= 8; n -= 8, p += 8) {
    std::memcpy(&w, p, 8);
    h = (h ^ w) * kMul;
    h ^= h >> 29;
  }
  if (n) {
    w = 0;
    std::memcpy(&w, p, n);
    h = (h ^ w) * kMul;
    h ^= h >> 29;
  }
  h *= 0xBF58476D1CE4E5B9u;
  return h ^ h >> 32;
}

// Tokens by text and by id. Ids may have holes. Lookups allocate nothing.
class Vocabulary {
 public:
  static constexpr int64_t kMaxId = (1 << 22) - 1;

  // A text given twice keeps the later id. Throws Error when an id is out of range or given twice.
  void add(std::string_view text, int64_t id);
  int32_t find(std::string_view text) const;  // -1 when unknown
  std::optional<std::string_view> text(int64_t id) const;
  size_t size() const { return entries_.size(); }
  int32_t max_id() const { return static_cast<int32_t>(by_id_.size()) - 1; }
  size_t longest() const { return longest_; }

 private:
  struct Entry {
    uint64_t offset;
    uint32_t length;
    int32_t id;
  };
  std::string_view view(const Entry& e) const { return {arena_.data() + e.offset, e.length}; }
  void grow();

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<int32_t> by_id_;    // entry of an id, or -1
  std::vector<uint32_t> slots_;   // entry + 1 of a hash slot, 0 when free
  std::vector<uint32_t> hashes_;  // of each entry
  size_t longest_ = 0;
};

}  // namespace fk::core::text
