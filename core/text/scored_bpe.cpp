// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/error.hpp"
#include "core/text/model.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

class ScoredBpe final : public Model {
 public:
  ScoredBpe(Vocabulary vocabulary, std::vector<float> scores, int32_t unk)
      : scores_(std::move(scores)), unk_(unk) {
    vocabulary_ = std::move(vocabulary);
    for (int b = 0; b < 256; ++b) bytes_[b] = vocabulary_.find(fmt::format("<0x{:02X}>", b));
  }

  void encode(std::string_view piece, std::vector<int32_t>& out) const override {
    std::vector<Symbol> symbols;
    for (size_t i = 0; i < piece.size();) {
      const size_t n = char_bytes(piece[i]);
      const auto at = static_cast<int>(symbols.size());
      symbols.push_back({at - 1, at + 1, static_cast<uint32_t>(i), static_cast<uint32_t>(n)});
      i += n;
    }
    symbols.back().next = -1;
    std::vector<Candidate> heap;
    const auto propose = [&](int left) {
      const int right = left < 0 ? -1 : symbols[left].next;
      if (right < 0) return;
      const uint32_t length = symbols[left].length + symbols[right].length;
      const int32_t id = vocabulary_.find(piece.substr(symbols[left].at, length));
      if (id < 0) return;
      heap.push_back({scores_[id], left, right, length});
      std::push_heap(heap.begin(), heap.end());
    };
    for (int i = 0; i + 1 < static_cast<int>(symbols.size()); ++i) propose(i);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      const Candidate c = heap.back();
      heap.pop_back();
      Symbol &left = symbols[c.left], &right = symbols[c.right];
      // One of the two was taken by another merge since.
      if (!left.length || !right.length || left.length + right.length != c.length) continue;
      left.length = c.length;
      right.length = 0;
      left.next = right.next;
      if (right.next >= 0) symbols[right.next].previous = c.left;
      propose(left.previous);
      propose(c.left);
    }
    for (int i = 0; i >= 0; i = symbols[i].next)
      add(piece.substr(symbols[i].at, symbols[i].length), out);
  }

 private:
  struct Symbol {
    int previous, next;
    uint32_t at, length;
  };
  struct Candidate {
    float score;
    int left, right;
    uint32_t length;
    bool operator<(const Candidate& o) const {
      return score != o.score ? score < o.score : left > o.left;
    }
  };

  // A symbol that is no token can only be a single character: merges make tokens.
  void add(std::string_view s, std::vector<int32_t>& out) const {
    const int32_t id = vocabulary_.find(s);
    if (id >= 0) return out.push_back(id);
    const bool all = std::all_of(s.begin(), s.end(),
                                 [&](char c) { return bytes_[static_cast<uint8_t>(c)] >= 0; });
    if (!all) {
      if (unk_ >= 0) out.push_back(unk_);
      return;
    }
    for (char c : s) out.push_back(bytes_[static_cast<uint8_t>(c)]);
  }

  std::vector<float> scores_;
  int32_t unk_;
  int32_t bytes_[256];
};

}  // namespace

std::unique_ptr<Model> make_scored_bpe(Vocabulary vocabulary, std::vector<float> scores,
                                       int32_t unk_id) {
  return std::make_unique<ScoredBpe>(std::move(vocabulary), std::move(scores), unk_id);
}

}  // namespace fk::core::text
