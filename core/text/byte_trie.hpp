// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace fk::core::text {

// A set of strings walked a byte at a time, with a value each. One hash probe a step.
class ByteTrie {
 public:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = ~0u;

  void insert(std::string_view key, int32_t value) {
    uint32_t node = kRoot;
    for (char c : key) {
      uint32_t next = step(node, static_cast<uint8_t>(c));
      if (next == kNone) {
        next = static_cast<uint32_t>(values_.size());
        values_.push_back(-1);
        if (values_.size() * 2 > slots_.size()) grow();
        place({node << 8 | static_cast<uint8_t>(c), next});
      }
      node = next;
    }
    values_[node] = value;
  }
  uint32_t step(uint32_t node, uint8_t byte) const {
    const uint32_t key = node << 8 | byte;
    const size_t mask = slots_.size() - 1;
    for (size_t i = mix(key) & mask;; i = (i + 1) & mask) {
      if (slots_[i].child == 0) return kNone;
      if (slots_[i].key == key) return slots_[i].child;
    }
  }
  int32_t value(uint32_t node) const { return values_[node]; }  // -1 when no key ends here
  // Number of nodes that keep (node << 8) within 32 bits.
  static constexpr size_t kMaxNodes = (1u << 24) - 1;
  size_t nodes() const { return values_.size(); }

 private:
  struct Slot {
    uint32_t key, child;  // child 0: free (the root is nobody's child)
  };
  static size_t mix(uint32_t k) { return (k * 0x9E3779B97F4A7C15u) >> 32; }
  void place(Slot s) {
    const size_t mask = slots_.size() - 1;
    size_t i = mix(s.key) & mask;
    while (slots_[i].child) i = (i + 1) & mask;
    slots_[i] = s;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& s : old) {
      if (s.child) place(s);
    }
  }

  std::vector<int32_t> values_ = {-1};
  std::vector<Slot> slots_ = std::vector<Slot>(64);
};

}  // namespace fk::core::text
