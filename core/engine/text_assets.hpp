// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/engine/assets.hpp"

namespace fk::core {

// Fills in tokenizer, chat template and stop ids: what the command line or the config names, else
// what lies inside the GGUF file or beside the weights (tokenizer.json, tokenizer_config.json,
// chat_template.jinja, generation_config.json).
void load_text_assets(Assets&, const Overrides&);

// Throws Error (kMissing) with the way out when the file is not there.
void require_file(const FileRef&, const std::string& config, const std::string& key);

}  // namespace fk::core
