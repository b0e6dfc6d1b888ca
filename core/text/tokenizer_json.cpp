// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/text/pipeline.hpp"

namespace fk::core {

using namespace text;

namespace {

// bos_token and eos_token of a neighbouring file: a string, or an object with "content".
void read_roles(const std::filesystem::path& folder, const Pipeline& tokenizer,
                std::optional<int32_t>& bos, std::optional<int32_t>& eos) {
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const auto file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    const nlohmann::json json = read_json(file.string());
    const JsonNode root(json, file.string());
    const auto role = [&](const char* key, std::optional<int32_t>& id) {
      const auto node = root.find(key);
      if (!node || id) return;
      const std::string token = node->raw().is_object() ? node->at("content").str() : node->str();
      id = tokenizer.token_id(token);
      if (!id) node->fail(fmt::format("'{}' is not in tokenizer.json", token));
    };
    role("bos_token", bos);
    role("eos_token", eos);
  }
}

PipelineParts read_parts(std::string_view text, const std::string& name) {
  const nlohmann::json json = parse_json(text, name);
  const JsonNode root(json, name);
  root.only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
             "post_processor", "decoder", "model"});
  if (root.str("version", "1.0") != "1.0") {
    root.at("version").fail(
        fmt::format("expected \"1.0\", found \"{}\"", root.at("version").str()));
  }
  const JsonNode model = root.at("model");
  const auto optional = [&](const char* key) { return root.find(key); };
  PipelineParts parts;
  parts.file = name;
  if (const auto n = optional("normalizer")) parts.normalizer = read_normalizer(*n);
  const auto pre = optional("pre_tokenizer");
  model.at("type").str();
  parts.pre_tokenizers = read_pre_tokenizers(pre ? &*pre : nullptr, can_read_bytes(model));
  parts.model = read_model(model, parts.pre_tokenizers.byte_level);
  if (const auto added = optional("added_tokens")) {
    parts.added = read_added_tokens(*added, parts.model->vocabulary(), parts.normalizer.get());
  }
  const auto decoder = optional("decoder"), post = optional("post_processor");
  parts.decoder = read_decoder(decoder ? &*decoder : nullptr);
  parts.frame = read_post_processor(post ? &*post : nullptr);
  return parts;
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_tokenizer_json_text(std::string_view text,
                                                                     const std::string& name) {
  return std::make_shared<Pipeline>(read_parts(text, name));
}

std::shared_ptr<const Tokenizer> Tokenizer::from_tokenizer_json(const std::filesystem::path& file) {
  auto out = std::make_shared<Pipeline>(read_parts(read_file(file.string()), file.string()));
  std::optional<int32_t> bos, eos;
  read_roles(file.parent_path(), *out, bos, eos);
  out->set_roles(bos, eos);
  return out;
}

}  // namespace fk::core
