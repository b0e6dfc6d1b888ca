// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/text/model.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

Vocabulary read_vocab(const JsonNode& node) {
  Vocabulary out;
  try {
    for (const auto& [text, id] : node.object().items()) {
      if (!id.is_number_integer()) {
        node.fail(fmt::format("expected an integer id for '{}', found {}", text, id.dump()));
      }
      out.add(text, id.get<int64_t>());
    }
  } catch (const Error& e) {
    if (e.text().compare(0, node.file().size(), node.file()) == 0) throw;
    node.fail(e.text());
  }
  return out;
}

// "left right" or ["left", "right"].
std::vector<Merge> read_merges(const JsonNode& node) {
  std::vector<Merge> out;
  out.reserve(node.array().size());
  for (const auto& m : node.array()) {
    const auto bad = [&] {
      node.child(m, fmt::format("[{}]", out.size()))
          .fail("expected \"left right\" or [left, right]");
    };
    if (m.is_string()) {
      const std::string_view s = m.get_ref<const std::string&>();
      const size_t space = s.find(' ');
      if (space == std::string_view::npos || s.find(' ', space + 1) != std::string_view::npos)
        bad();
      out.push_back({s.substr(0, space), s.substr(space + 1)});
    } else if (m.is_array() && m.size() == 2 && m[0].is_string() && m[1].is_string()) {
      out.push_back({m[0].get_ref<const std::string&>(), m[1].get_ref<const std::string&>()});
    } else {
      bad();
    }
  }
  return out;
}

std::unique_ptr<Model> read_bpe(const JsonNode& node, bool byte_level) {
  node.only({"type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix",
             "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"});
  if (const auto dropout = node.find("dropout"); dropout && dropout->number() != 0) {
    dropout->fail("dropout makes ids random and is not supported; use 0 or null");
  }
  BpeOptions o;
  o.unk_token = node.str("unk_token", "");
  o.prefix = node.str("continuing_subword_prefix", "");
  o.suffix = node.str("end_of_word_suffix", "");
  o.fuse_unk = node.boolean("fuse_unk", false);
  o.byte_fallback = node.boolean("byte_fallback", false);
  o.ignore_merges = node.boolean("ignore_merges", false);
  o.byte_level = byte_level && can_read_bytes(node);
  return make_bpe(read_vocab(node.at("vocab")), read_merges(node.at("merges")), std::move(o),
                  node.file());
}

// Greedy longest match inside a word.
class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, int32_t unk, std::string prefix, size_t most)
      : unk_(unk), prefix_(std::move(prefix)), most_(most) {
    vocabulary_ = std::move(vocabulary);
  }
  void encode(std::string_view piece, std::vector<int32_t>& out) const override {
    if (piece.size() > most_ && count_chars(piece) > most_) return out.push_back(unk_);
    const size_t before = out.size();
    std::string candidate;
    for (size_t start = 0; start < piece.size();) {
      const std::string_view prefix = start ? std::string_view(prefix_) : "";
      size_t end = piece.size();
      if (prefix.size() + end - start > vocabulary_.longest()) {
        end = start + vocabulary_.longest() - std::min(vocabulary_.longest(), prefix.size());
        while (end > start && (piece[end] & 0xC0) == 0x80) --end;
      }
      int32_t id = -1;
      while (end > start) {
        candidate.assign(prefix);
        candidate.append(piece.substr(start, end - start));
        if ((id = vocabulary_.find(candidate)) >= 0) break;
        end = last_char(piece.data() + start, piece.data() + end) - piece.data();
      }
      if (id < 0) {
        out.resize(before);
        return out.push_back(unk_);
      }
      out.push_back(id);
      start = end;
    }
  }

 private:
  int32_t unk_;
  std::string prefix_;
  size_t most_;
};

class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, int32_t unk) : unk_(unk) { vocabulary_ = std::move(vocabulary); }
  void encode(std::string_view piece, std::vector<int32_t>& out) const override {
    const int32_t id = vocabulary_.find(piece);
    out.push_back(id >= 0 ? id : unk_);
  }

 private:
  int32_t unk_;
};

}  // namespace

bool can_read_bytes(const JsonNode& node) {
  return node.str("type", "") == "BPE" && node.str("continuing_subword_prefix", "").empty() &&
         node.str("end_of_word_suffix", "").empty() && !node.boolean("byte_fallback", false);
}

std::unique_ptr<Model> read_word_model(const JsonNode& node) {
  const bool pieces = node.at("type").str() == "WordPiece";
  if (pieces) {
    node.only(
        {"type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"});
  } else {
    node.only({"type", "vocab", "unk_token"});
  }
  Vocabulary vocabulary = read_vocab(node.at("vocab"));
  const std::string unk = node.at("unk_token").str();
  const int32_t id = vocabulary.find(unk);
  if (id < 0) node.fail(fmt::format("unk_token '{}' is not in the vocabulary", to_valid_utf8(unk)));
  if (!pieces) return std::make_unique<WordLevel>(std::move(vocabulary), id);
  const auto most = node.find("max_input_chars_per_word");
  if (most && most->integer() < 0) most->fail("expected at least 0");
  return std::make_unique<WordPiece>(std::move(vocabulary), id,
                                     node.str("continuing_subword_prefix", "##"),
                                     most ? static_cast<size_t>(most->integer()) : 100);
}

std::unique_ptr<Model> read_model(const JsonNode& node, bool byte_level) {
  const std::string type = node.at("type").str();
  if (type == "BPE") return read_bpe(node, byte_level);
  if (type == "Unigram") return read_unigram(node);
  if (type == "WordPiece" || type == "WordLevel") return read_word_model(node);
  node.fail(
      fmt::format("model '{}' is not supported; supported are BPE, Unigram, WordLevel, WordPiece",
                  to_valid_utf8(type)));
}

}  // namespace fk::core::text
