// SPDX-License-Identifier: Apache-2.0
#include "core/text/vocabulary.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::core::text {

void Vocabulary::grow() {
  slots_.assign(std::max<size_t>(64, slots_.size() * 2), 0);
  const size_t mask = slots_.size() - 1;
  for (size_t e = 0; e < entries_.size(); ++e) {
    size_t i = hashes_[e] & mask;
    while (slots_[i]) i = (i + 1) & mask;
    slots_[i] = static_cast<uint32_t>(e + 1);
  }
}

void Vocabulary::add(std::string_view text, int64_t id) {
  if (id < 0 || id > kMaxId) {
    bad_input("token {:?} has id {}, outside 0 to {}", std::string(text), id, kMaxId);
  }
  if (const auto other = this->text(id)) {
    if (*other == text) return;
    bad_input("id {} is given to both {:?} and {:?}", id, std::string(*other), std::string(text));
  }
  if (id >= static_cast<int64_t>(by_id_.size())) by_id_.resize(id + 1, -1);
  if ((entries_.size() + 1) * 2 > slots_.size()) grow();
  const auto hash = static_cast<uint32_t>(hash_bytes(text));
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  for (; slots_[i]; i = (i + 1) & mask) {
    Entry& e = entries_[slots_[i] - 1];
    if (hashes_[slots_[i] - 1] == hash && view(e) == text) {
      by_id_[id] = by_id_[e.id] = static_cast<int32_t>(slots_[i] - 1);
      e.id = static_cast<int32_t>(id);
      return;
    }
  }
  slots_[i] = static_cast<uint32_t>(entries_.size() + 1);
  by_id_[id] = static_cast<int32_t>(entries_.size());
  hashes_.push_back(hash);
  entries_.push_back({arena_.size(), static_cast<uint32_t>(text.size()), static_cast<int32_t>(id)});
  arena_.append(text);
  longest_ = std::max(longest_, text.size());
}

int32_t Vocabulary::find(std::string_view text) const {
  if (slots_.empty() || text.size() > longest_) return -1;
  const auto hash = static_cast<uint32_t>(hash_bytes(text));
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; slots_[i]; i = (i + 1) & mask) {
    const uint32_t e = slots_[i] - 1;
    if (hashes_[e] == hash && view(entries_[e]) == text) return entries_[e].id;
  }
  return -1;
}

std::optional<std::string_view> Vocabulary::text(int64_t id) const {
  if (id < 0 || id >= static_cast<int64_t>(by_id_.size()) || by_id_[id] < 0) return std::nullopt;
  return view(entries_[by_id_[id]]);
}

}  // namespace fk::core::text
