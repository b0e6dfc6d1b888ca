// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/engine/causal_lm.hpp"
#include "core/engine/config.hpp"
#include "core/spec/registry.hpp"
#include "core/text/chat_template.hpp"
#include "core/text/tokenizer.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {

// What the command line says over a config.
struct Overrides {
  std::optional<std::filesystem::path> weights, tokenizer;
  std::optional<fk_dtype> dtype;  // given alone it means the weights too: they are dequantised
  std::optional<bool> keep_quant;
};

// Everything of a config but the built model: what it is made of and how it speaks.
struct Assets {
  Config config;  // options and stops filled in
  fk_dtype dtype;
  bool keep_quant = false;
  Json init;                         // what Model::build takes
  std::shared_ptr<TensorFile> file;  // null for seeded weights
  std::filesystem::path name_map;
  std::string weights_text;  // "SmolLM2-135M-Instruct.Q4_1.gguf", "seeded (seed 42)"
  std::shared_ptr<const Tokenizer> tokenizer;  // may be null
  std::optional<ChatTemplate> chat_template;
  Json template_context = Json::object();  // bos_token, eos_token
  std::vector<int32_t> stop_ids;

  TextOptions text_options() const { return {tokenizer, stop_ids, config.stop_strings}; }
  // The weight store for `init`. Throws Error for what the file lacks or has too much.
  std::unique_ptr<WeightStore> open_weights(const Registry&) const;
  // The text of a conversation as the template writes it, ready for the model's answer.
  std::string render(const Json& messages) const;
};

// Finds and opens the files of a config. Throws Error with code kMissing and the way out for a file
// that is not there.
Assets load_assets(const Registry&, Config, const Overrides&);

}  // namespace fk::core
