// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/text/byte_trie.hpp"
#include "core/text/model.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

// The best path through all ways to write the piece in tokens, by the sum of their log
// probabilities; a character that no token covers costs 10 more than the worst token.
class Unigram final : public Model {
 public:
  Unigram(const JsonNode& node) {
    node.only({"type", "vocab", "unk_id", "byte_fallback"});
    const JsonNode vocab = node.at("vocab");
    double worst = 0;
    for (const auto& item : vocab.array()) {
      const size_t id = scores_.size();
      const auto here = [&] { return vocab.child(item, fmt::format("[{}]", id)); };
      if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number()) {
        here().fail("expected [token, score]");
      }
      const auto& text = item[0].get_ref<const std::string&>();
      const auto score = item[1].get<double>();
      if (!std::isfinite(score)) here().fail("the score is not finite");
      try {
        vocabulary_.add(text, static_cast<int64_t>(id));
      } catch (const Error& e) { here().fail(e.text()); }
      if (!text.empty()) trie_.insert(text, static_cast<int32_t>(id));
      if (trie_.nodes() >= ByteTrie::kMaxNodes - 100000) here().fail("the vocabulary is too large");
      scores_.push_back(score);
      worst = id == 0 ? score : std::min(worst, score);
    }
    unknown_score_ = worst - 10.0;
    if (const auto unk = node.find("unk_id")) {
      if (unk->integer() < 0 || unk->integer() >= static_cast<int64_t>(scores_.size())) {
        unk->fail(fmt::format("expected an id of the vocabulary, 0 to {}, found {}",
                              static_cast<int64_t>(scores_.size()) - 1, unk->integer()));
      }
      unk_ = static_cast<int32_t>(unk->integer());
    }
    if (node.boolean("byte_fallback", false)) {
      for (int b = 0; b < 256; ++b) bytes_[b] = vocabulary_.find(fmt::format("<0x{:02X}>", b));
    } else {
      std::fill(std::begin(bytes_), std::end(bytes_), -1);
    }
  }

  void encode(std::string_view piece, std::vector<int32_t>& out) const override {
    struct Node {
      double score = 0;
      size_t from = kNowhere;
      int32_t id = -1;
    };
    std::vector<Node> best(piece.size() + 1);
    for (size_t start = 0; start < piece.size();) {
      const double so_far = best[start].score;
      const size_t one = char_bytes(piece[start]);
      bool covered = false;
      uint32_t node = ByteTrie::kRoot;
      for (size_t i = start; i < piece.size(); ++i) {
        node = trie_.step(node, static_cast<uint8_t>(piece[i]));
        if (node == ByteTrie::kNone) break;
        const int32_t id = trie_.value(node);
        if (id < 0) continue;
        consider(best[i + 1], so_far + scores_[id], start, id);
        covered = covered || i + 1 - start == one;
      }
      if (!covered) {
        if (unk_ < 0) no_unknown();
        consider(best[start + one], so_far + unknown_score_, start, unk_);
      }
      start += one;
    }
    std::vector<std::string_view> parts;
    for (size_t end = piece.size(); end > 0;) {
      size_t start = best[end].from;
      // Neighbouring unknowns become one.
      while (best[end].id == unk_ && start > 0 && best[start].id == unk_) start = best[start].from;
      parts.push_back(piece.substr(start, end - start));
      end = start;
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) add(*part, out);
  }

 private:
  static constexpr size_t kNowhere = ~size_t{0};

  template <class N>
  static void consider(N& node, double score, size_t from, int32_t id) {
    if (node.from == kNowhere || score > node.score) node = {score, from, id};
  }
  [[noreturn]] static void no_unknown() {
    bad_input("the text holds a character that the Unigram vocabulary lacks, and it has no unk_id");
  }
  void add(std::string_view part, std::vector<int32_t>& out) const {
    const int32_t id = vocabulary_.find(part);
    if (id >= 0) return out.push_back(id);
    const bool all = std::all_of(part.begin(), part.end(),
                                 [&](char c) { return bytes_[static_cast<uint8_t>(c)] >= 0; });
    if (all) {
      for (char c : part) out.push_back(bytes_[static_cast<uint8_t>(c)]);
    } else {
      if (unk_ < 0) no_unknown();
      out.push_back(unk_);
    }
  }

  ByteTrie trie_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
  int32_t unk_ = -1;
  int32_t bytes_[256];
};

}  // namespace

std::unique_ptr<Model> read_unigram(const JsonNode& node) {
  return std::make_unique<Unigram>(node);
}

}  // namespace fk::core::text
