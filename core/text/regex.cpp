// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/text/regex.hpp"

#include <pcre2.h>

#include <cctype>

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

// Unicode's White_Space, which is Oniguruma's \s; PCRE2's has U+180E besides.
constexpr const char* kSpaceSet =
    "\\x09-\\x0D\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}"
    "\\x{3000}";

[[noreturn]] void unsupported(const std::string& pattern, size_t at, const std::string& what) {
  bad_input("pattern {:?}, offset {}: {} is not supported", pattern, at, what);
}

// PCRE2's Unicode data is older than the reference's: what our table has in a category and PCRE2
// lacks, as members of a class. Asked of PCRE2 itself, for any version of it.
std::string younger_members(char category, uint16_t flag) {
  const std::string pattern = fmt::format("[^\\p{{{}}}]", category);
  int error;
  PCRE2_SIZE offset;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (!code) return "";
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  std::string members;
  for (uint32_t c = 0x80; c < 0x110000; ++c) {
    if (char_flags(c) & flag) append_char(members, c);
  }
  std::string out;
  uint32_t first = 0, last = 0;
  const auto flush = [&] {
    if (first) out += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", first, last);
  };
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  for (PCRE2_SIZE at = 0; pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(members.data()),
                                      members.size(), at, PCRE2_NO_UTF_CHECK, data, nullptr) > 0;) {
    const PCRE2_SIZE* ovector = pcre2_get_ovector_pointer(data);
    const char* p = members.data() + ovector[0];
    const uint32_t c = next_char(p);
    if (c != last + 1) flush(), first = c;
    last = c;
    at = ovector[1];
  }
  flush();
  pcre2_match_data_free(data);
  pcre2_code_free(code);
  return out;
}

// \p{L} and the like as members of a class, or "" for what is not one of the five.
std::string category_members(std::string_view name) {
  static const std::string kL = younger_members('L', kLetter), kN = younger_members('N', kNumber),
                           kM = younger_members('M', kMark),
                           kP = younger_members('P', kRegexPunctuation),
                           kS = younger_members('S', kSymbol);
  const std::string* more = name == "L"   ? &kL
                            : name == "N" ? &kN
                            : name == "M" ? &kM
                            : name == "P" ? &kP
                            : name == "S" ? &kS
                                          : nullptr;
  return more ? fmt::format("\\p{{{}}}", name) + *more : "";
}

// Oniguruma's syntax to PCRE2's.
std::string translate(const std::string& p) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < p.size(); ++i) {
    const char c = p[i];
    if (c == '\\' && i + 1 < p.size()) {
      const char e = p[++i];
      if (e == 's') {
        out += in_class ? kSpaceSet : std::string("[") + kSpaceSet + "]";
      } else if (e == 'S' && !in_class) {
        out += std::string("[^") + kSpaceSet + "]";
      } else if ((e == 'p' || (e == 'P' && !in_class)) && i + 3 < p.size() && p[i + 1] == '{' &&
                 p[i + 3] == '}' && !category_members(p.substr(i + 2, 1)).empty()) {
        const std::string members = category_members(p.substr(i + 2, 1));
        out += in_class ? members : (e == 'p' ? "[" : "[^") + members + "]";
        i += 3;
      } else if (e == 'h' || e == 'H' || e == 'K' || e == 'G' || e == 'g' || e == 'k' || e == 'Z' ||
                 e == 'y' || e == 'Y' || e == 'O' || e == 'N' || e == 'C' || e == 'Q') {
        unsupported(p, i - 1, fmt::format("'\\{}'", e));
      } else {
        out += {c, e};
      }
      continue;
    }
    if (in_class) {
      if (c == '[' && i + 1 < p.size() && p[i + 1] == ':') {
        const size_t close = p.find(":]", i + 2);
        if (close == std::string::npos) unsupported(p, i, "an open '[:'");
        out += p.substr(i, close + 2 - i);
        i = close + 1;
        continue;
      }
      if (c == '[') unsupported(p, i, "a class inside a class");
      if (c == '&' && i + 1 < p.size() && p[i + 1] == '&') unsupported(p, i, "'&&' in a class");
      if (c == ']') in_class = false;
      out += c;
      continue;
    }
    if (c == '[') {
      in_class = true;
      out += c;
      if (i + 1 < p.size() && p[i + 1] == '^') out += p[++i];
      if (i + 1 < p.size() && p[i + 1] == ']')
        unsupported(p, i + 1, "a class that begins with ']'");
      continue;
    }
    if (c == '(' && i + 2 < p.size() && p[i + 1] == '?') {
      for (size_t j = i + 2;
           j < p.size() && (std::isalpha(static_cast<unsigned char>(p[j])) || p[j] == '-'); ++j) {
        if (p[j] != 'i' && p[j] != '-') unsupported(p, j, fmt::format("the option '{}'", p[j]));
      }
    }
    out += c;
  }
  return out;
}

// One a thread: a match needs scratch space, and the JIT a stack larger than its default 32 KiB.
struct MatchState {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 * 1024, 4 * 1024 * 1024, nullptr);
  MatchState() {
    pcre2_set_match_limit(context, 10'000'000);
    pcre2_set_heap_limit(context, 64 * 1024);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~MatchState() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  ~Code() { pcre2_code_free(code); }
};

Regex Regex::compile(const std::string& pattern) {
  if (valid_prefix(pattern) != pattern.size()) bad_input("a pattern is not valid UTF-8");
  if (pattern.size() > 10'000) bad_input("a pattern of {} bytes: at most 10000", pattern.size());
  const std::string translated = translate(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_shared<Code>();
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                             &error, &offset, nullptr);
  if (!code->code) {
    char text[256];
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
    bad_input("pattern {:?}: {}", pattern, text);
  }
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);  // without JIT it is slower, not wrong
  Regex out;
  out.code_ = std::move(code);
  out.pattern_ = pattern;
  return out;
}

Regex Regex::literal(const std::string& text) {
  std::string quoted;
  for (char c : text) {
    if (std::ispunct(static_cast<unsigned char>(c)) || c == ' ') quoted += '\\';
    quoted += c;
  }
  return compile(quoted);
}

void Regex::spans(std::string_view text, std::vector<Span>& out) const {
  thread_local MatchState state;
  size_t from = 0, done = 0;
  bool matched = false;
  size_t last_match = 0;
  while (from <= text.size()) {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    int n = pcre2_match(code_->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, state.data,
                        state.context);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT) {
      n = pcre2_match(code_->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                      state.data, state.context);
    }
    if (n == PCRE2_ERROR_NOMATCH) break;
    if (n < 0) {
      char why[256];
      pcre2_get_error_message(n, reinterpret_cast<PCRE2_UCHAR*>(why), sizeof why);
      bad_input("pattern {:?} gave up on a text of {} bytes: {}", pattern_, text.size(), why);
    }
    const PCRE2_SIZE* ovector = pcre2_get_ovector_pointer(state.data);
    const size_t begin = ovector[0], end = ovector[1];
    if (begin > end) bad_input("pattern {:?}: a match that ends before it begins", pattern_);
    // An empty match right behind the last one is no match: step over one character.
    if (begin == end && matched && last_match == end) {
      if (from >= text.size()) break;
      from += char_bytes(text[from]);
      continue;
    }
    if (done < begin) out.push_back({done, begin, false});
    out.push_back({begin, end, true});
    from = done = last_match = end;
    matched = true;
  }
  if (done < text.size()) out.push_back({done, text.size(), false});
}

std::string Regex::replace(std::string_view text, std::string_view with) const {
  std::vector<Span> parts;
  spans(text, parts);
  std::string out;
  for (const Span& s : parts) {
    if (s.match) {
      out += with;
    } else {
      out += text.substr(s.begin, s.end - s.begin);
    }
  }
  return out;
}

Regex read_pattern(const JsonNode& node) {
  node.only({"String", "Regex"});
  try {
    if (const auto text = node.find("String")) return Regex::literal(text->str());
    return Regex::compile(node.at("Regex").str());
  } catch (const Error& e) {
    if (e.text().compare(0, node.file().size(), node.file()) == 0) throw;
    node.fail(e.text());
  }
}

}  // namespace fk::core::text
