// SPDX-License-Identifier: Apache-2.0
#include "core/text/added_tokens.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

bool word_before(std::string_view text, size_t at) {
  if (at == 0) return false;
  const char* p = last_char(text.data(), text.data() + at);
  return char_flags(next_char(p)) & kWord;
}
bool word_after(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const char* p = text.data() + at;
  return char_flags(next_char(p)) & kWord;
}
size_t spaces_before(std::string_view text, size_t at) {
  while (at > 0) {
    const char* last = last_char(text.data(), text.data() + at);
    const char* p = last;
    if (!(char_flags(next_char(p)) & kSpace)) break;
    at = last - text.data();
  }
  return at;
}
size_t spaces_after(std::string_view text, size_t at) {
  const char *p = text.data() + at, *end = text.data() + text.size();
  while (p < end) {
    const char* next = p;
    if (!(char_flags(next_char(next)) & kSpace)) break;
    p = next;
  }
  return p - text.data();
}

}  // namespace

void AddedTokens::add(AddedToken token, const Vocabulary& vocabulary,
                      const Normalizer* normalizer) {
  if (token.id < 0 || token.id > Vocabulary::kMaxId) {
    bad_input("added token '{}' has id {}, outside 0 to {}", token.content, token.id,
              Vocabulary::kMaxId);
  }
  const int32_t known = vocabulary.find(token.content);
  const auto owner = vocabulary.text(token.id);
  if (known >= 0 && known != token.id) {
    bad_input("added token '{}' has id {}, but {} in the model's vocabulary", token.content,
              token.id, known);
  }
  if (known < 0 && owner) {
    bad_input("added token '{}' has id {}, which is '{}' in the model's vocabulary", token.content,
              token.id, to_valid_utf8(*owner));
  }
  if (const AddedToken* other = find(token.id); other && other->content != token.content) {
    bad_input("added tokens '{}' and '{}' have the same id {}", other->content, token.content,
              token.id);
  }
  if (token.content.empty()) return;
  token.normal = token.content;
  if (token.normalized && normalizer) normalizer->apply(token.normal);
  by_text_[token.content] = token.id;
  by_id_[token.id] = std::move(token);
}

void AddedTokens::finish() {
  for (const auto& [id, token] : by_id_) {
    if (token.normal.empty()) continue;
    Finder& f = finders_[token.normalized];
    f.trie.insert(token.normal, id);
    f.empty = false;
    bool& first = f.first[static_cast<uint8_t>(token.normal[0])];
    if (!first) f.only = token.normal[0], ++f.firsts;
    first = true;
  }
}

void AddedTokens::cut(std::string_view text, bool after, bool parse_special,
                      std::vector<Cut>& out) const {
  const Finder& f = finders_[after];
  size_t done = 0;
  for (size_t i = 0; !f.empty && i < text.size();) {
    if (f.firsts == 1) {
      const void* hit = std::memchr(text.data() + i, f.only, text.size() - i);
      if (!hit) break;
      i = static_cast<const char*>(hit) - text.data();
    } else if (!f.first[static_cast<uint8_t>(text[i])]) {
      ++i;
      continue;
    }
    int32_t id = -1;
    size_t match_end = i;
    uint32_t node = ByteTrie::kRoot;
    for (size_t j = i; j < text.size(); ++j) {
      node = f.trie.step(node, static_cast<uint8_t>(text[j]));
      if (node == ByteTrie::kNone) break;
      if (f.trie.value(node) >= 0) id = f.trie.value(node), match_end = j + 1;
    }
    if (id < 0) {
      ++i;
      continue;
    }
    size_t begin = i, end = match_end;
    i = match_end;
    const AddedToken& token = by_id_.at(id);
    if (token.special && !parse_special) continue;
    if (token.single_word && (word_before(text, begin) || word_after(text, end))) continue;
    if (token.lstrip) begin = std::max(spaces_before(text, begin), done);
    if (token.rstrip) end = spaces_after(text, end);
    if (done < begin) out.push_back({done, begin, -1});
    out.push_back({begin, end, id});
    done = end;
  }
  if (done < text.size()) out.push_back({done, text.size(), -1});
}

const AddedToken* AddedTokens::find(int32_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}
const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto it = by_text_.find(content);
  return it == by_text_.end() ? nullptr : &by_id_.at(it->second);
}

AddedTokens read_added_tokens(const JsonNode& node, const Vocabulary& vocabulary,
                              const Normalizer* normalizer) {
  AddedTokens out;
  for (const JsonNode& t : node.items()) {
    t.only({"id", "content", "special", "lstrip", "rstrip", "single_word", "normalized"});
    AddedToken token;
    const int64_t id = t.at("id").integer();
    token.id = id < 0 || id > Vocabulary::kMaxId ? -1 : static_cast<int32_t>(id);
    if (token.id < 0)
      t.at("id").fail(fmt::format("expected 0 to {}, found {}", Vocabulary::kMaxId, id));
    token.content = t.at("content").str();
    token.special = t.boolean("special", false);
    token.lstrip = t.boolean("lstrip", false);
    token.rstrip = t.boolean("rstrip", false);
    token.single_word = t.boolean("single_word", false);
    token.normalized = t.boolean("normalized", !token.special);
    try {
      out.add(std::move(token), vocabulary, normalizer);
    } catch (const Error& e) { t.fail(e.text()); }
  }
  out.finish();
  return out;
}

}  // namespace fk::core::text
