// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <queue>

#include "core/base/error.hpp"
#include "core/text/byte_symbols.hpp"
#include "core/text/model.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

struct Rule {
  uint32_t rank = ~0u;  // ~0: no such merge
  int32_t id = -1;
};

// Pair of ids -> rule. One probe for most lookups, most of which find nothing.
class MergeTable {
 public:
  explicit MergeTable(size_t n) {
    size_t size = 64;
    while (size < n * 2) size *= 2;
    slots_.resize(size);
  }
  void set(int32_t a, int32_t b, Rule rule) {
    Slot& s = slots_[place(key(a, b))];
    s = {key(a, b), rule};
  }
  Rule find(int32_t a, int32_t b) const { return slots_[place(key(a, b))].rule; }

 private:
  struct Slot {
    uint64_t key = ~0ull;
    Rule rule;
  };
  static uint64_t key(int32_t a, int32_t b) {
    return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b);
  }
  size_t place(uint64_t k) const {
    const size_t mask = slots_.size() - 1;
    size_t i = ((k ^ k >> 29) * 0x9E3779B97F4A7C15u) >> 32 & mask;
    while (slots_[i].key != k && slots_[i].key != ~0ull) i = (i + 1) & mask;
    return i;
  }
  std::vector<Slot> slots_;
};

class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, const std::vector<Merge>& merges, BpeOptions options,
      const std::string& where)
      : table_(merges.size()), options_(std::move(options)) {
    vocabulary_ = std::move(vocabulary);
    if (!options_.unk_token.empty()) {
      unk_ = vocabulary_.find(options_.unk_token);
      if (unk_ < 0)
        bad_input("{}: unk_token '{}' is not in the vocabulary", where, options_.unk_token);
    }
    std::string joined;
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const auto [a, b] = merges[rank];
      joined.assign(a);
      const bool prefixed = b.substr(0, options_.prefix.size()) == options_.prefix;
      joined.append(b.substr(prefixed ? options_.prefix.size() : 0));
      const int32_t left = find(a, rank, where), right = find(b, rank, where);
      table_.set(left, right, {static_cast<uint32_t>(rank), find(joined, rank, where)});
    }
    if (options_.byte_level) {
      std::string symbol;
      for (int b = 0; b < 256; ++b) {
        symbol.clear();
        append_char(symbol, byte_symbol(static_cast<uint8_t>(b)));
        unit_[b] = vocabulary_.find(symbol);
      }
      index_bytes();
    } else if (options_.byte_fallback) {
      for (int b = 0; b < 256; ++b) unit_[b] = vocabulary_.find(fmt::format("<0x{:02X}>", b));
    }
  }
  bool byte_level() const override { return options_.byte_level; }

  void encode(std::string_view piece, std::vector<int32_t>& out) const override {
    if (options_.ignore_merges) {
      const int32_t whole = (options_.byte_level ? bytes_ : vocabulary_).find(piece);
      if (whole >= 0) return out.push_back(whole);
    }
    const size_t start = out.size();
    if (options_.byte_level) {
      units_of_bytes(piece, out);
    } else {
      units_of_chars(piece, out);
    }
    const size_t n = out.size() - start;
    out.resize(start + (n <= kShort ? merge_short(out.data() + start, n)
                                    : merge_long(out.data() + start, n)));
  }

 private:
  static constexpr size_t kShort = 32;

  int32_t find(std::string_view token, size_t rank, const std::string& where) const {
    const int32_t id = vocabulary_.find(token);
    if (id < 0) {
      bad_input("{}: merges[{}] needs the token '{}', which is not in the vocabulary", where, rank,
                to_valid_utf8(token));
    }
    return id;
  }

  // Whole tokens by their bytes, for ignore_merges.
  void index_bytes() {
    if (!options_.ignore_merges) return;
    std::string bytes;
    for (int32_t id = 0; id <= vocabulary_.max_id(); ++id) {
      const auto text = vocabulary_.text(id);
      if (text && from_byte_symbols(*text, bytes)) bytes_.add(bytes, id);
    }
  }

  void units_of_bytes(std::string_view piece, std::vector<int32_t>& out) const {
    bool unknown = false;  // an unknown byte goes before, to fuse with
    for (char c : piece) {
      const int32_t id = unit_[static_cast<uint8_t>(c)];
      if (id >= 0) {
        out.push_back(id);
      } else if (unk_ >= 0 && !(unknown && options_.fuse_unk)) {
        out.push_back(unk_);
      }
      unknown = id < 0;
    }
  }

  // The reference's order is kept: an unknown waits for what it may fuse with, bytes do not.
  void units_of_chars(std::string_view piece, std::vector<int32_t>& out) const {
    bool unknown = false;
    std::string decorated;
    const auto flush = [&] {
      if (unknown) out.push_back(unk_);
      unknown = false;
    };
    for (size_t i = 0; i < piece.size();) {
      const size_t n = char_bytes(piece[i]);
      std::string_view s = piece.substr(i, n);
      const bool first = i == 0, last = i + n == piece.size();
      if ((!first && !options_.prefix.empty()) || (last && !options_.suffix.empty())) {
        decorated.clear();
        if (!first) decorated += options_.prefix;
        decorated += s;
        if (last) decorated += options_.suffix;
        s = decorated;
      }
      i += n;
      const int32_t id = vocabulary_.find(s);
      if (id >= 0) {
        flush();
        out.push_back(id);
        continue;
      }
      if (options_.byte_fallback) {
        const bool all = std::all_of(s.begin(), s.end(),
                                     [&](char c) { return unit_[static_cast<uint8_t>(c)] >= 0; });
        if (all) {
          for (char c : s) out.push_back(unit_[static_cast<uint8_t>(c)]);
          continue;
        }
      }
      if (unk_ < 0) continue;
      if (!options_.fuse_unk) flush();
      unknown = true;
    }
    flush();
  }

  // Few symbols: look for the lowest rank anew after each merge.
  size_t merge_short(int32_t* ids, size_t n) const {
    Rule rules[kShort];
    for (size_t i = 0; i + 1 < n; ++i) rules[i] = table_.find(ids[i], ids[i + 1]);
    while (n > 1) {
      size_t best = 0;
      for (size_t i = 1; i + 1 < n; ++i) {
        if (rules[i].rank < rules[best].rank) best = i;
      }
      if (rules[best].rank == ~0u) break;
      ids[best] = rules[best].id;
      --n;
      for (size_t i = best + 1; i < n; ++i) ids[i] = ids[i + 1];
      for (size_t i = best + 1; i + 1 < n; ++i) rules[i] = rules[i + 1];
      if (best > 0) rules[best - 1] = table_.find(ids[best - 1], ids[best]);
      if (best + 1 < n) rules[best] = table_.find(ids[best], ids[best + 1]);
    }
    return n;
  }

  // Many: a heap of candidates over a linked list, n log n. A candidate whose pair has changed
  // since is dropped when it comes up.
  size_t merge_long(int32_t* ids, size_t n) const {
    struct Candidate {
      uint32_t rank, at;
      int32_t id;
      bool operator>(const Candidate& o) const {
        return rank != o.rank ? rank > o.rank : at > o.at;
      }
    };
    std::vector<Candidate> heap;
    std::vector<uint32_t> next(n), before(n);
    const auto end = static_cast<uint32_t>(n);
    const auto propose = [&](uint32_t i) {
      const Rule r = next[i] < end ? table_.find(ids[i], ids[next[i]]) : Rule{};
      if (r.rank == ~0u) return;
      heap.push_back({r.rank, i, r.id});
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    };
    for (uint32_t i = 0; i < end; ++i) {
      next[i] = i + 1;
      before[i] = i - 1;
    }
    for (uint32_t i = 0; i < end; ++i) propose(i);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), std::greater<>());
      const Candidate c = heap.back();
      heap.pop_back();
      if (ids[c.at] < 0 || next[c.at] >= end) continue;
      const uint32_t right = next[c.at];
      if (table_.find(ids[c.at], ids[right]).id != c.id) continue;
      ids[c.at] = c.id;
      ids[right] = -1;
      next[c.at] = next[right];
      if (next[right] < end) before[next[right]] = c.at;
      if (before[c.at] < end) propose(before[c.at]);
      propose(c.at);
    }
    return std::remove(ids, ids + n, -1) - ids;
  }

  MergeTable table_;
  BpeOptions options_;
  int32_t unk_ = -1;
  int32_t unit_[256];  // id of a byte: its symbol, or its <0x..> token
  Vocabulary bytes_;
};

}  // namespace

std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, const std::vector<Merge>& merges,
                                BpeOptions options, const std::string& where) {
  return std::make_unique<Bpe>(std::move(vocabulary), merges, std::move(options), where);
}

}  // namespace fk::core::text
