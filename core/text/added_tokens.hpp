// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/byte_trie.hpp"
#include "core/text/normalizer.hpp"
#include "core/text/vocabulary.hpp"

namespace fk::core::text {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false, lstrip = false, rstrip = false, single_word = false, normalized = false;
  std::string normal;  // content as the normalizer leaves it, when `normalized`
};

// Tokens that are cut out of the text literally, before the model sees it.
class AddedTokens {
 public:
  // Gives `token` its place. Throws Error when its id belongs to another text.
  void add(AddedToken token, const Vocabulary& vocabulary, const Normalizer* normalizer);
  void finish();  // after the last add()

  struct Cut {
    size_t begin, end;
    int32_t id;  // -1: text between
  };
  // Cuts raw text at the tokens that are matched before normalising (normalized = false) or after.
  // Longest token first at each place; special ones only with parse_special.
  void cut(std::string_view text, bool after_normalizing, bool parse_special,
           std::vector<Cut>& out) const;
  bool any(bool after_normalizing) const { return !finders_[after_normalizing].empty; }

  const AddedToken* find(int32_t id) const;
  const AddedToken* find(std::string_view content) const;
  int32_t max_id() const { return by_id_.empty() ? -1 : by_id_.rbegin()->first; }

 private:
  struct Finder {
    ByteTrie trie;
    bool first[256] = {};  // bytes that begin a token
    bool empty = true;
    char only = 0;  // the one such byte, when there is just one
    int firsts = 0;
  };
  std::map<int32_t, AddedToken> by_id_;
  std::map<std::string, int32_t, std::less<>> by_text_;
  Finder finders_[2];
};

// The "added_tokens" of a tokenizer.json.
AddedTokens read_added_tokens(const JsonNode& node, const Vocabulary& vocabulary,
                              const Normalizer* normalizer);

}  // namespace fk::core::text
