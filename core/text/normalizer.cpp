// SPDX-License-Identifier: Apache-2.0
#include "core/text/normalizer.hpp"

#include <optional>
#include <vector>

#include "core/base/error.hpp"
#include "core/text/byte_symbols.hpp"
#include "core/text/regex.hpp"
#include "core/text/unicode.hpp"
#include "core/text/unicode_forms.hpp"

namespace fk::core::text {
namespace {

// Calls f(code point, out) for each character and keeps what it appends.
template <class F>
void rewrite(std::string& text, F f) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char *p = text.data(), *end = p + text.size(); p < end;) f(next_char(p), out);
  text = std::move(out);
}

class Unicode final : public Normalizer {
 public:
  explicit Unicode(Form form) : form_(form) {}
  void apply(std::string& text) const override { to_form(form_, text); }

 private:
  Form form_;
};

class Lowercase final : public Normalizer {
 public:
  void apply(std::string& text) const override {
    rewrite(text, [](uint32_t c, std::string& out) { append_lower(out, c); });
  }
};

class StripAccents final : public Normalizer {
 public:
  void apply(std::string& text) const override {
    if (is_ascii(text)) return;
    rewrite(text, [](uint32_t c, std::string& out) {
      if (!(char_flags(c) & kCombining)) append_char(out, c);
    });
  }
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(std::string& text) const override {
    const char *begin = text.data(), *end = begin + text.size();
    while (left_ && begin < end) {
      const char* next = begin;
      if (!(char_flags(next_char(next)) & kSpace)) break;
      begin = next;
    }
    while (right_ && begin < end) {
      const char* last = last_char(begin, end);
      const char* p = last;
      if (!(char_flags(next_char(p)) & kSpace)) break;
      end = last;
    }
    text = std::string(begin, end);
  }

 private:
  bool left_, right_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string what) : what_(std::move(what)) {}
  void apply(std::string& text) const override {
    if (!text.empty()) text.insert(0, what_);
  }

 private:
  std::string what_;
};

class Replace final : public Normalizer {
 public:
  Replace(Regex what, std::string with) : what_(std::move(what)), with_(std::move(with)) {}
  void apply(std::string& text) const override { text = what_.replace(text, with_); }

 private:
  Regex what_;
  std::string with_;
};

class ByteLevel final : public Normalizer {
 public:
  void apply(std::string& text) const override { text = to_byte_symbols(text); }
};

class Nmt final : public Normalizer {
 public:
  void apply(std::string& text) const override {
    rewrite(text, [](uint32_t c, std::string& out) {
      const bool gone = (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
                        c == 0x8F || c == 0x9F;
      if (gone) return;
      const bool blank = c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 ||
                         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
                         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      append_char(out, blank ? ' ' : c);
    });
  }
};

bool is_ideograph(uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

class Bert final : public Normalizer {
 public:
  Bert(bool clean, bool ideographs, bool strip, bool lower)
      : clean_(clean), ideographs_(ideographs), strip_(strip), lower_(lower) {}
  void apply(std::string& text) const override {
    if (clean_ || ideographs_) rewrite(text, [this](uint32_t c, std::string& o) { clean(c, o); });
    if (strip_ && !is_ascii(text)) {
      to_form(Form::kNfd, text);
      rewrite(text, [](uint32_t c, std::string& out) {
        if (!(char_flags(c) & kNonspacing)) append_char(out, c);
      });
    }
    if (lower_) rewrite(text, [](uint32_t c, std::string& out) { append_lower(out, c); });
  }

 private:
  void clean(uint32_t c, std::string& out) const {
    if (clean_) {
      const uint16_t flags = char_flags(c);
      if (c == 0 || c == 0xFFFD || flags & kControl) return;
      if (flags & kSpace) c = ' ';
    }
    const bool spaced = ideographs_ && is_ideograph(c);
    if (spaced) out += ' ';
    append_char(out, c);
    if (spaced) out += ' ';
  }
  bool clean_, ideographs_, strip_, lower_;
};

class Sequence final : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void apply(std::string& text) const override {
    for (const auto& step : steps_) step->apply(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::unique_ptr<Normalizer> read(const JsonNode& node, int depth) {
  const std::string type = node.at("type").str();
  const auto plain = [&](auto made) -> std::unique_ptr<Normalizer> {
    node.only({"type"});
    return made;
  };
  if (type == "NFC") return plain(std::make_unique<Unicode>(Form::kNfc));
  if (type == "NFD") return plain(std::make_unique<Unicode>(Form::kNfd));
  if (type == "NFKC") return plain(std::make_unique<Unicode>(Form::kNfkc));
  if (type == "NFKD") return plain(std::make_unique<Unicode>(Form::kNfkd));
  if (type == "Lowercase") return plain(std::make_unique<Lowercase>());
  if (type == "StripAccents") return plain(std::make_unique<StripAccents>());
  if (type == "ByteLevel") return plain(std::make_unique<ByteLevel>());
  if (type == "Nmt") return plain(std::make_unique<Nmt>());
  if (type == "Precompiled") return read_precompiled(node);
  if (type == "Strip") {
    node.only({"type", "strip_left", "strip_right"});
    return std::make_unique<Strip>(node.at("strip_left").boolean(),
                                   node.at("strip_right").boolean());
  }
  if (type == "Prepend") {
    node.only({"type", "prepend"});
    return std::make_unique<Prepend>(node.at("prepend").str());
  }
  if (type == "Replace") {
    node.only({"type", "pattern", "content"});
    return std::make_unique<Replace>(read_pattern(node.at("pattern")), node.at("content").str());
  }
  if (type == "BertNormalizer") {
    node.only({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    const bool lower = node.at("lowercase").boolean();
    return std::make_unique<Bert>(node.at("clean_text").boolean(),
                                  node.at("handle_chinese_chars").boolean(),
                                  node.boolean("strip_accents", lower), lower);
  }
  if (type == "Sequence") {
    node.only({"type", "normalizers"});
    if (depth > 8) node.fail("more than 8 sequences inside each other");
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const JsonNode& n : node.at("normalizers").items()) steps.push_back(read(n, depth + 1));
    return std::make_unique<Sequence>(std::move(steps));
  }
  node.fail(fmt::format(
      "normalizer '{}' is not supported; supported are BertNormalizer, ByteLevel, Lowercase, NFC, "
      "NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents",
      to_valid_utf8(type)));
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node) { return read(node, 0); }

}  // namespace fk::core::text
