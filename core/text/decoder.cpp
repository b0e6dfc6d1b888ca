// SPDX-License-Identifier: Apache-2.0
#include "core/text/decoder.hpp"

#include "core/base/error.hpp"
#include "core/text/byte_symbols.hpp"
#include "core/text/regex.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

void replace_all(std::string& s, std::string_view what, std::string_view with) {
  if (s.find(what) == std::string::npos) return;
  std::string out;
  size_t done = 0;
  for (size_t i; (i = s.find(what, done)) != std::string::npos; done = i + what.size()) {
    out.append(s, done, i - done).append(with);
  }
  s = out.append(s, done, std::string::npos);
}

// A step that treats each token alone.
class EachToken : public Decoder {
 public:
  void all(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) one(tokens[i], i == 0);
  }
};

class ByteLevel final : public Decoder {
 public:
  void all(std::vector<std::string>& tokens) const override {
    std::string text;
    for (std::string& t : tokens) {
      one(t, false);
      text += t;
    }
    tokens.assign(1, to_valid_utf8(text));
  }
  void one(std::string& token, bool) const override {
    std::string bytes;
    if (from_byte_symbols(token, bytes)) token = bytes;
  }
};

class WordPiece final : public EachToken {
 public:
  WordPiece(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  void one(std::string& token, bool first) const override {
    if (!first) {
      if (token.compare(0, prefix_.size(), prefix_) == 0) {
        token.erase(0, prefix_.size());
      } else {
        token.insert(0, " ");
      }
    }
    if (!cleanup_) return;
    static constexpr std::string_view kRules[][2] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (const auto& rule : kRules) replace_all(token, rule[0], rule[1]);
  }

 private:
  std::string prefix_;
  bool cleanup_;
};

class Metaspace final : public EachToken {
 public:
  Metaspace(uint32_t mark, bool strip_first) : strip_first_(strip_first) {
    append_char(mark_, mark);
  }
  void one(std::string& token, bool first) const override {
    replace_all(token, mark_, first && strip_first_ ? "" : " ");
  }

 private:
  std::string mark_;
  bool strip_first_;
};

// <0x41> is the byte 0x41; a run of them that is no valid UTF-8 is one U+FFFD a byte.
class ByteFallback final : public Decoder {
 public:
  void all(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string run;
    const auto flush = [&] {
      if (run.empty()) return;
      if (valid_prefix(run) == run.size()) {
        out.push_back(run);
      } else {
        out.insert(out.end(), run.size(), "\xEF\xBF\xBD");
      }
      run.clear();
    };
    for (std::string& t : tokens) {
      const int b = byte_of(t);
      if (b >= 0) {
        run += static_cast<char>(b);
      } else {
        flush();
        out.push_back(std::move(t));
      }
    }
    flush();
    tokens = std::move(out);
  }
  void one(std::string& token, bool) const override {
    if (const int b = byte_of(token); b >= 0) token.assign(1, static_cast<char>(b));
  }

 private:
  static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
  }
  static int byte_of(const std::string& t) {
    if (t.size() != 6 || t.compare(0, 3, "<0x") != 0 || t[5] != '>') return -1;
    const int high = digit(t[3]), low = digit(t[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }
};

class Fuse final : public Decoder {
 public:
  void all(std::vector<std::string>& tokens) const override {
    std::string text;
    for (const std::string& t : tokens) text += t;
    tokens.clear();
    tokens.push_back(std::move(text));
  }
  void one(std::string&, bool) const override {}
};

class Strip final : public EachToken {
 public:
  Strip(uint32_t what, size_t start, size_t stop) : start_(start), stop_(stop) {
    append_char(what_, what);
  }
  void one(std::string& token, bool) const override {
    size_t begin = 0, end = token.size();
    for (size_t n = 0; n < start_ && token.compare(begin, what_.size(), what_) == 0; ++n) {
      begin += what_.size();
    }
    for (size_t n = 0; n < stop_ && end >= begin + what_.size() &&
                       token.compare(end - what_.size(), what_.size(), what_) == 0;
         ++n) {
      end -= what_.size();
    }
    token = token.substr(begin, end - begin);
  }

 private:
  std::string what_;
  size_t start_, stop_;
};

class Replace final : public EachToken {
 public:
  Replace(Regex what, std::string with) : what_(std::move(what)), with_(std::move(with)) {}
  void one(std::string& token, bool) const override {
    // A stream's token may hold half a character, which a pattern cannot read.
    if (valid_prefix(token) == token.size()) token = what_.replace(token, with_);
  }

 private:
  Regex what_;
  std::string with_;
};

class Sequence final : public Decoder {
 public:
  struct Step {
    std::unique_ptr<Decoder> decoder;
    bool at_start_only =
        false;  // a Strip behind a Fuse sees the whole text: only its start streams
  };
  explicit Sequence(std::vector<Step> steps) : steps_(std::move(steps)) {}
  void all(std::vector<std::string>& tokens) const override {
    for (const Step& s : steps_) s.decoder->all(tokens);
  }
  void one(std::string& token, bool first) const override {
    for (const Step& s : steps_) {
      if (first || !s.at_start_only) s.decoder->one(token, first);
    }
  }

 private:
  std::vector<Step> steps_;
};

class Spaced final : public EachToken {
 public:
  void one(std::string& token, bool first) const override {
    if (!first) token.insert(0, " ");
  }
};

std::unique_ptr<Decoder> read(const JsonNode& node, int depth) {
  const std::string type = node.at("type").str();
  if (type == "ByteLevel") {
    node.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return std::make_unique<ByteLevel>();
  }
  if (type == "WordPiece") {
    node.only({"type", "prefix", "cleanup"});
    return std::make_unique<WordPiece>(node.str("prefix", "##"), node.boolean("cleanup", true));
  }
  if (type == "Metaspace") {
    node.only({"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
    const bool strips =
        node.boolean("add_prefix_space", true) && node.str("prepend_scheme", "always") != "never";
    return std::make_unique<Metaspace>(node.character("replacement"), strips);
  }
  if (type == "ByteFallback" || type == "Fuse") {
    node.only({"type"});
    if (type == "Fuse") return std::make_unique<Fuse>();
    return std::make_unique<ByteFallback>();
  }
  if (type == "Strip") {
    node.only({"type", "content", "start", "stop"});
    const int64_t start = node.at("start").integer(), stop = node.at("stop").integer();
    if (start < 0 || stop < 0) node.fail("start and stop must not be negative");
    return std::make_unique<Strip>(node.character("content"), start, stop);
  }
  if (type == "Replace") {
    node.only({"type", "pattern", "content"});
    return std::make_unique<Replace>(read_pattern(node.at("pattern")), node.at("content").str());
  }
  if (type == "Sequence") {
    node.only({"type", "decoders"});
    if (depth > 8) node.fail("more than 8 sequences inside each other");
    std::vector<Sequence::Step> steps;
    bool fused = false;
    for (const JsonNode& n : node.at("decoders").items()) {
      const std::string kind = n.at("type").str();
      steps.push_back({read(n, depth + 1), fused && kind == "Strip"});
      fused = fused || kind == "Fuse";
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  node.fail(fmt::format(
      "decoder '{}' is not supported; supported are ByteFallback, ByteLevel, Fuse, Metaspace, "
      "Replace, Sequence, Strip, WordPiece",
      to_valid_utf8(type)));
}

}  // namespace

std::unique_ptr<Decoder> read_decoder(const JsonNode* node) {
  if (!node || node->is_null()) return std::make_unique<Spaced>();
  return read(*node, 0);
}

std::unique_ptr<Decoder> byte_level_decoder() { return std::make_unique<ByteLevel>(); }

std::unique_ptr<Decoder> sentencepiece_decoder(bool strip_first) {
  std::vector<Sequence::Step> steps;
  steps.push_back({std::make_unique<Replace>(Regex::literal("\xE2\x96\x81"), " ")});
  steps.push_back({std::make_unique<ByteFallback>()});
  steps.push_back({std::make_unique<Fuse>()});
  if (strip_first) steps.push_back({std::make_unique<Strip>(' ', 1, 0), true});
  return std::make_unique<Sequence>(std::move(steps));
}

}  // namespace fk::core::text
