// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/engine/causal_lm.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {

inline const std::string kLlamaNames =
    std::string(FK_SOURCE_DIR) + "/configs/weights/llama_hf.yaml";

// Two layers, grouped-query heads, 260 tokens: big enough that greedy texts differ by prompt.
Json tiny_llama_init();
core::EngineOptions tiny_options();
std::unique_ptr<core::CausalLm> tiny_llama(const core::EngineOptions& = tiny_options(),
                                           int threads = 1, const core::TextOptions& = {},
                                           const Json& init = tiny_llama_init(),
                                           const std::vector<std::string>& pins = {});

core::Request tiny_request(std::vector<int32_t> prompt, int64_t max_tokens);
// `count` ids in [0, 260) that depend on the seed alone.
std::vector<int32_t> tiny_prompt(uint64_t seed, size_t count);
// Adds all, runs, and gives the completions in the order of the requests.
std::vector<core::Completion> complete(core::CausalLm&, const std::vector<core::Request>&);

// A real tokenizer.json of 256 bytes (id = byte) and <|end|> (id 256).
std::shared_ptr<const core::Tokenizer> byte_tokenizer();

}  // namespace fk::test
