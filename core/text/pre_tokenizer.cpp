// SPDX-License-Identifier: Apache-2.0
#include "core/text/pre_tokenizer.hpp"

#include "core/base/error.hpp"
#include "core/text/byte_symbols.hpp"
#include "core/text/regex.hpp"
#include "core/text/scanners.hpp"
#include "core/text/splitter.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

// Cuts at every character for which the predicate holds.
template <class Match>
class CharSplit final : public PreTokenizer {
 public:
  CharSplit(Match match, Behavior behavior) : match_(match), behavior_(behavior) {}
  void cut(Piece piece, PieceSink& sink) const override {
    Splitter out(piece, behavior_, sink);
    const char *begin = piece.text.data(), *end = begin + piece.text.size(), *done = begin;
    const CharTable& table = char_table();
    for (const char* p = begin; p < end;) {
      const char* here = p;
      if (!match_(table, next_char(p))) continue;
      if (done < here) out.span(done - begin, here - begin, false);
      out.span(here - begin, p - begin, true);
      done = p;
    }
    if (done < end) out.span(done - begin, end - begin, false);
    out.flush();
  }

 private:
  Match match_;
  Behavior behavior_;
};
template <class Match>
std::unique_ptr<PreTokenizer> char_split(Match match, Behavior behavior) {
  return std::make_unique<CharSplit<Match>>(match, behavior);
}
auto with_flag(uint16_t flag) {
  return [flag](const CharTable& t, uint32_t c) { return (char_flags(t, c) & flag) != 0; };
}

class RegexSplit final : public PreTokenizer {
 public:
  RegexSplit(Regex regex, Behavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}
  void cut(Piece piece, PieceSink& sink) const override {
    std::vector<Span> spans;
    regex_.spans(piece.text, spans);
    if (spans.size() == 1 && !spans[0].match && !invert_) return sink.take(piece);
    Splitter out(piece, behavior_, sink);
    for (const Span& s : spans) out.span(s.begin, s.end, s.match != invert_);
    out.flush();
  }

 private:
  Regex regex_;
  Behavior behavior_;
  bool invert_;
};

// \w+|[^\w\s]+ kept, white space dropped.
class Whitespace final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const char *begin = piece.text.data(), *end = begin + piece.text.size(), *start = begin;
    int last = 0;  // 0 white space, 1 word, 2 neither
    for (const char* p = begin; p < end;) {
      const char* here = p;
      const uint16_t flags = char_flags(next_char(p));
      const int kind = flags & kWord ? 1 : flags & kSpace ? 0 : 2;
      if (kind != last && last != 0) pass(piece, start, here, sink);
      if (kind != last) start = here;
      last = kind;
    }
    if (last != 0) pass(piece, start, end, sink);
  }

 private:
  static void pass(Piece piece, const char* from, const char* to, PieceSink& sink) {
    sink.take(
        {{from, static_cast<size_t>(to - from)}, piece.at_start && from == piece.text.data()});
  }
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(size_t length) : length_(length) {}
  void cut(Piece piece, PieceSink& sink) const override {
    for (size_t i = 0; i < piece.text.size();) {
      size_t end = i;
      for (size_t n = 0; n < length_ && end < piece.text.size(); ++n) {
        end += char_bytes(piece.text[end]);
      }
      sink.take({piece.text.substr(i, end - i), piece.at_start && i == 0});
      i = end;
    }
  }

 private:
  size_t length_;
};

class PrefixSpace final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    if (piece.text[0] == ' ') return sink.take(piece);
    const std::string with = " " + std::string(piece.text);
    sink.take({with, piece.at_start});
  }
};

class ByteSymbols final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const std::string symbols = to_byte_symbols(piece.text);
    sink.take({symbols, piece.at_start});
  }
};

class Metaspace final : public PreTokenizer {
 public:
  enum class Prepend { kNever, kFirst, kAlways };
  Metaspace(uint32_t mark, Prepend prepend, bool split) : prepend_(prepend), split_(split) {
    append_char(mark_, mark);
  }
  void cut(Piece piece, PieceSink& sink) const override {
    std::string text;
    text.reserve(piece.text.size() + piece.text.size() / 2);
    for (char c : piece.text) {
      if (c == ' ') {
        text += mark_;
      } else {
        text += c;
      }
    }
    const bool marked = text.compare(0, mark_.size(), mark_) == 0;
    if (!marked &&
        (prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && piece.at_start))) {
      text.insert(0, mark_);
    }
    const Piece whole{text, piece.at_start};
    if (!split_) return sink.take(whole);
    Splitter out(whole, Behavior::kMergedWithNext, sink);
    size_t done = 0;
    for (size_t i; (i = text.find(mark_, done)) != std::string::npos; done = i + mark_.size()) {
      if (done < i) out.span(done, i, false);
      out.span(i, i + mark_.size(), true);
    }
    if (done < text.size()) out.span(done, text.size(), false);
    out.flush();
  }

 private:
  std::string mark_;
  Prepend prepend_;
  bool split_;
};

std::unique_ptr<PreTokenizer> split_by(Regex regex, Behavior behavior, bool invert) {
  if (behavior == Behavior::kIsolated && !invert) {
    if (auto scanner = make_scanner(regex.pattern())) return scanner;
  }
  return std::make_unique<RegexSplit>(std::move(regex), behavior, invert);
}

void read_metaspace(const JsonNode& node, PreTokenizers& out) {
  node.only({"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  const std::string scheme = node.str("prepend_scheme", "always");
  auto prepend = scheme == "never"   ? Metaspace::Prepend::kNever
                 : scheme == "first" ? Metaspace::Prepend::kFirst
                                     : Metaspace::Prepend::kAlways;
  if (scheme != "never" && scheme != "first" && scheme != "always") {
    node.at("prepend_scheme")
        .fail("expected always, first or never, found " + to_valid_utf8(scheme));
  }
  if (!node.boolean("add_prefix_space", true)) {
    if (node.find("prepend_scheme") && scheme != "never") {
      node.fail("add_prefix_space is false but prepend_scheme is " + scheme);
    }
    prepend = Metaspace::Prepend::kNever;
  }
  out.steps.push_back(std::make_unique<Metaspace>(node.character("replacement"), prepend,
                                                  node.boolean("split", true)));
}

void read(const JsonNode& node, PreTokenizers& out, int depth) {
  // Only the last step can leave the bytes to the model.
  if (out.byte_level) {
    out.byte_level = false;
    out.steps.push_back(std::make_unique<ByteSymbols>());
  }
  const std::string type = node.at("type").str();
  const auto add = [&](std::unique_ptr<PreTokenizer> p) { out.steps.push_back(std::move(p)); };
  if (type == "Sequence") {
    node.only({"type", "pretokenizers"});
    if (depth > 8) node.fail("more than 8 sequences inside each other");
    for (const JsonNode& n : node.at("pretokenizers").items()) read(n, out, depth + 1);
  } else if (type == "ByteLevel") {
    node.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (node.boolean("add_prefix_space", false)) add(std::make_unique<PrefixSpace>());
    if (node.boolean("use_regex", true)) add(make_scanner(kGpt2Pattern));
    out.byte_level = true;
  } else if (type == "Split") {
    node.only({"type", "pattern", "behavior", "invert"});
    add(split_by(read_pattern(node.at("pattern")), read_behavior(node.at("behavior")),
                 node.boolean("invert", false)));
  } else if (type == "Digits") {
    node.only({"type", "individual_digits"});
    add(char_split(with_flag(kNumeric), node.boolean("individual_digits", false)
                                            ? Behavior::kIsolated
                                            : Behavior::kContiguous));
  } else if (type == "Punctuation") {
    node.only({"type", "behavior"});
    const auto behavior = node.find("behavior");
    add(char_split(with_flag(kPunctuation),
                   behavior ? read_behavior(*behavior) : Behavior::kIsolated));
  } else if (type == "Whitespace") {
    node.only({"type"});
    add(std::make_unique<Whitespace>());
  } else if (type == "WhitespaceSplit") {
    node.only({"type"});
    add(char_split(with_flag(kSpace), Behavior::kRemoved));
  } else if (type == "BertPreTokenizer") {
    node.only({"type"});
    add(char_split(with_flag(kSpace), Behavior::kRemoved));
    add(char_split(with_flag(kPunctuation), Behavior::kIsolated));
  } else if (type == "CharDelimiterSplit") {
    node.only({"type", "delimiter"});
    const uint32_t mark = node.character("delimiter");
    add(char_split([mark](const CharTable&, uint32_t c) { return c == mark; }, Behavior::kRemoved));
  } else if (type == "FixedLength") {
    node.only({"type", "length"});
    const auto length = node.find("length");
    if (length && length->integer() < 1) length->fail("expected a length of at least 1");
    add(std::make_unique<FixedLength>(length ? length->integer() : 5));
  } else if (type == "Metaspace") {
    read_metaspace(node, out);
  } else {
    node.fail(fmt::format(
        "pre-tokenizer '{}' is not supported; supported are BertPreTokenizer, ByteLevel, "
        "CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, "
        "Whitespace, WhitespaceSplit",
        to_valid_utf8(type)));
  }
}

// Passes pieces through the steps from `at` on.
class Chain final : public PieceSink {
 public:
  Chain(const PreTokenizers& all, size_t at, PieceSink& last) : all_(all), at_(at), last_(last) {}
  void take(Piece piece) override {
    if (at_ + 1 == all_.steps.size()) return all_.steps[at_]->cut(piece, last_);
    Chain next(all_, at_ + 1, last_);
    all_.steps[at_]->cut(piece, next);
  }

 private:
  const PreTokenizers& all_;
  size_t at_;
  PieceSink& last_;
};

}  // namespace

void PreTokenizers::run(Piece piece, PieceSink& sink) const {
  if (piece.text.empty()) return;
  if (steps.empty()) return sink.take(piece);
  Chain(*this, 0, sink).take(piece);
}

Behavior read_behavior(const JsonNode& node) {
  const std::string name = node.str();
  if (name == "Removed" || name == "removed") return Behavior::kRemoved;
  if (name == "Isolated" || name == "isolated") return Behavior::kIsolated;
  if (name == "MergedWithPrevious") return Behavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::kMergedWithNext;
  if (name == "Contiguous") return Behavior::kContiguous;
  node.fail("expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous, found " +
            to_valid_utf8(name));
}

PreTokenizers read_pre_tokenizers(const JsonNode* node, bool keep_bytes) {
  PreTokenizers out;
  if (node && !node->is_null()) read(*node, out, 0);
  if (out.steps.size() > 64) node->fail("more than 64 steps");
  if (out.byte_level && !keep_bytes) {
    out.byte_level = false;
    out.steps.push_back(std::make_unique<ByteSymbols>());
  }
  return out;
}

std::unique_ptr<PreTokenizers> named_pre_tokenizers(std::string_view name, std::string* names) {
  *names = "deepseek-r1-qwen, default, gpt-2, llama-bpe, llama-v3, llama3, qwen2, smollm";
  auto out = std::make_unique<PreTokenizers>();
  out->byte_level = true;
  const auto isolated = [](std::string_view pattern) {
    return split_by(Regex::compile(std::string(pattern)), Behavior::kIsolated, false);
  };
  if (name == "gpt-2") {
    out->steps.push_back(make_scanner(kGpt2Pattern));
  } else if (name == "smollm") {
    out->steps.push_back(char_split(with_flag(kNumeric), Behavior::kIsolated));
    out->steps.push_back(make_scanner(kGpt2Pattern));
  } else if (name == "llama-bpe" || name == "llama3" || name == "llama-v3") {
    out->steps.push_back(make_scanner(kLlama3Pattern));
  } else if (name == "qwen2" || name == "deepseek-r1-qwen") {
    out->steps.push_back(make_scanner(kQwen2Pattern));
  } else if (name == "default") {
    // llama.cpp's fallback: four cuts, each inside the pieces of the one before.
    out->steps.push_back(isolated(R"([\p{P}\$\+<=>\^~\|]+)"));
    out->steps.push_back(make_scanner(kGpt2Pattern));
    out->steps.push_back(isolated(R"(\p{N}+)"));
    out->steps.push_back(isolated(R"([0-9][0-9][0-9])"));
  } else {
    return nullptr;
  }
  return out;
}

}  // namespace fk::core::text
