// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/text/pipeline.hpp"
#include "core/text/unicode.hpp"

namespace fk::core {

using namespace text;
using Json = nlohmann::ordered_json;

namespace {

enum TokenType {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

// The tokenizer.ggml.* keys of a file.
class Keys {
 public:
  Keys(const Json& metadata, const std::string& file) : metadata_(metadata), file_(file) {}
  const Json* find(const char* key) const {
    const auto it = metadata_.find(std::string("tokenizer.ggml.") + key);
    return it == metadata_.end() || it->is_null() ? nullptr : &*it;
  }
  const Json& array(const char* key) const {
    const Json* v = find(key);
    if (!v) fail(key, "the key is missing");
    if (!v->is_array()) fail(key, "expected an array");
    return *v;
  }
  std::string str(const char* key, const char* otherwise) const {
    const Json* v = find(key);
    if (v && !v->is_string()) fail(key, "expected a string");
    return v ? v->get<std::string>() : otherwise;
  }
  bool boolean(const char* key, bool otherwise) const {
    const Json* v = find(key);
    if (v && !v->is_boolean()) fail(key, "expected a bool");
    return v ? v->get<bool>() : otherwise;
  }
  std::optional<int32_t> id(const char* key, size_t vocabulary) const {
    const Json* v = find(key);
    if (!v) return std::nullopt;
    if (!v->is_number_integer()) fail(key, "expected an integer");
    const auto id = v->get<int64_t>();
    if (id < 0 || id >= static_cast<int64_t>(vocabulary)) {
      fail(key, fmt::format("id {} is outside the {} tokens", id, vocabulary));
    }
    return static_cast<int32_t>(id);
  }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    bad_input("{}: tokenizer.ggml.{}: {}", file_, key, what);
  }
  const std::string& file() const { return file_; }

 private:
  const Json& metadata_;
  const std::string& file_;
};

struct Token {
  const std::string* text;
  int64_t type;
};

std::vector<Token> read_tokens(const Keys& keys) {
  const Json& texts = keys.array("tokens");
  const Json* types = keys.find("token_type") ? &keys.array("token_type") : nullptr;
  if (types && types->size() != texts.size()) {
    keys.fail("token_type", fmt::format("{} entries for {} tokens", types->size(), texts.size()));
  }
  if (texts.size() > Vocabulary::kMaxId)
    keys.fail("tokens", fmt::format("{} tokens", texts.size()));
  std::vector<Token> out;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto at = [&](const char* key) { return fmt::format("{}[{}]", key, i); };
    if (!texts[i].is_string()) keys.fail(at("tokens"), "expected a string");
    const auto& text = texts[i].get_ref<const std::string&>();
    if (valid_prefix(text) != text.size()) keys.fail(at("tokens"), "not valid UTF-8");
    int64_t type = kNormal;
    if (types) {
      const Json& t = (*types)[i];
      if (!t.is_number_integer()) keys.fail(at("token_type"), "expected an integer");
      type = t.get<int64_t>();
      if (type < kNormal || type > kByte) {
        keys.fail(at("token_type"), fmt::format("expected 1 to 6, found {}", type));
      }
    }
    out.push_back({&text, type});
  }
  return out;
}

bool is_control(int64_t type) { return type == kControl || type == kUnknown; }
bool is_cut(int64_t type) { return is_control(type) || type == kUserDefined; }

// Control tokens stay out of the model: text that only looks like one must never become one.
Vocabulary model_vocabulary(const std::vector<Token>& tokens, const Keys& keys) {
  Vocabulary out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is_control(tokens[i].type)) continue;
    try {
      out.add(*tokens[i].text, static_cast<int64_t>(i));
    } catch (const Error& e) { keys.fail("tokens", e.text()); }
  }
  return out;
}

AddedTokens cut_tokens(const std::vector<Token>& tokens, const Vocabulary& vocabulary,
                       const Keys& keys) {
  AddedTokens out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!is_cut(tokens[i].type)) continue;
    // A text that occurs twice is cut out as its last id.
    if (!is_control(tokens[i].type) &&
        vocabulary.find(*tokens[i].text) != static_cast<int32_t>(i)) {
      continue;
    }
    AddedToken t;
    t.id = static_cast<int32_t>(i);
    t.content = *tokens[i].text;
    t.special = is_control(tokens[i].type);
    try {
      out.add(std::move(t), vocabulary, nullptr);
    } catch (const Error& e) { keys.fail("tokens", e.text()); }
  }
  out.finish();
  return out;
}

void read_byte_level(const Keys& keys, const std::vector<Token>& tokens, PipelineParts& parts,
                     bool* add_bos) {
  const std::string pre = keys.str("pre", "default");
  std::string names;
  auto steps = named_pre_tokenizers(pre, &names);
  if (!steps) {
    keys.fail("pre",
              fmt::format("'{}' is not supported; supported are {}", to_valid_utf8(pre), names));
  }
  parts.pre_tokenizers = std::move(*steps);
  const bool llama3 = pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3";
  const Json& list = keys.array("merges");
  std::vector<Merge> merges;
  merges.reserve(list.size());
  for (const Json& m : list) {
    const std::string_view s =
        m.is_string() ? std::string_view(m.get_ref<const std::string&>()) : "";
    const size_t space = s.find(' ', 1);
    if (space == std::string_view::npos || s.find(' ', space + 1) != std::string_view::npos) {
      keys.fail(fmt::format("merges[{}]", merges.size()), "expected \"left right\"");
    }
    merges.push_back({s.substr(0, space), s.substr(space + 1)});
  }
  BpeOptions options;
  options.byte_level = true;
  options.ignore_merges = llama3;
  *add_bos = llama3;
  parts.model = make_bpe(model_vocabulary(tokens, keys), merges, std::move(options),
                         keys.file() + ": tokenizer.ggml");
  parts.decoder = byte_level_decoder();
}

void read_scored(const Keys& keys, const std::vector<Token>& tokens, PipelineParts& parts) {
  const Json& list = keys.array("scores");
  if (list.size() != tokens.size()) {
    keys.fail("scores", fmt::format("{} entries for {} tokens", list.size(), tokens.size()));
  }
  std::vector<float> scores;
  for (const Json& s : list) {
    if (!s.is_number() || !std::isfinite(s.get<float>())) {
      keys.fail(fmt::format("scores[{}]", scores.size()), "expected a finite number");
    }
    scores.push_back(s.get<float>());
  }
  const bool prefix = keys.boolean("add_space_prefix", true);
  const auto json =
      parse_json(prefix ? R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
                   {"type":"Replace","pattern":{"String":" "},"content":"▁"}]})"
                        : R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})",
                 keys.file());
  parts.normalizer = read_normalizer(JsonNode(json, keys.file()));
  const auto unk = keys.id("unknown_token_id", tokens.size());
  parts.model =
      make_scored_bpe(model_vocabulary(tokens, keys), std::move(scores), unk.value_or(-1));
  parts.decoder = sentencepiece_decoder(prefix);
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_gguf_metadata(const Json& metadata,
                                                               const std::string& file) {
  const Keys keys(metadata, file);
  const std::string kind = keys.str("model", "");
  if (kind.empty()) keys.fail("model", "the key is missing; the file holds no tokenizer");
  const std::vector<Token> tokens = read_tokens(keys);
  PipelineParts parts;
  parts.file = file;
  bool add_bos = false;
  if (kind == "gpt2") {
    read_byte_level(keys, tokens, parts, &add_bos);
  } else if (kind == "llama") {
    read_scored(keys, tokens, parts);
    add_bos = true;
  } else {
    keys.fail("model",
              fmt::format("'{}' is not supported; supported are gpt2, llama", to_valid_utf8(kind)));
  }
  parts.added = cut_tokens(tokens, parts.model->vocabulary(), keys);
  parts.bos = keys.id("bos_token_id", tokens.size());
  parts.eos = keys.id("eos_token_id", tokens.size());
  const auto frame = [&](const char* key, bool wanted, std::optional<int32_t> id, const char* name,
                         std::vector<int32_t>& ids) {
    if (!keys.boolean(key, wanted)) return;
    if (id) ids.push_back(*id);
    if (!id && keys.find(key)) keys.fail(key, fmt::format("is true, but {} is missing", name));
  };
  frame("add_bos_token", add_bos, parts.bos, "bos_token_id", parts.frame.before);
  frame("add_eos_token", false, parts.eos, "eos_token_id", parts.frame.after);
  return std::make_shared<Pipeline>(std::move(parts));
}

}  // namespace fk::core
