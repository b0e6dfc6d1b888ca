// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/tiny_llama.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/byte_tokenizer.hpp"

namespace fk::test {

Json tiny_llama_init() {
  return {{"vocab_size", 260},
          {"hidden_size", 32},
          {"intermediate_size", 48},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"max_position_embeddings", 256},
          {"dtype", "float32"}};
}

core::EngineOptions tiny_options() {
  core::EngineOptions o;
  o.block_size = 4;
  o.max_num_seqs = 4;
  o.max_num_batched_tokens = 64;
  return o;
}

std::unique_ptr<core::CausalLm> tiny_llama(const core::EngineOptions& options, int threads,
                                           const core::TextOptions& text, const Json& init,
                                           const std::vector<std::string>& pins) {
  core::BuildOptions build;
  build.threads = threads;
  for (const std::string& pin : pins) build.policy.pins.push_back(core::Pin::parse(pin));
  return core::CausalLm::build(catalog(), core::WeightStore::seeded(11, kLlamaNames, init), "llama",
                               init, build, options, text);
}

core::Request tiny_request(std::vector<int32_t> prompt, int64_t max_tokens) {
  core::Request r;
  r.prompt = std::move(prompt);
  r.sampling.max_tokens = max_tokens;
  return r;
}

std::vector<int32_t> tiny_prompt(uint64_t seed, size_t count) {
  std::vector<int32_t> ids;
  for (uint64_t x = seed * 0x9e3779b97f4a7c15u + 1; ids.size() < count;) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    ids.push_back(int32_t(x % 260));
  }
  return ids;
}

std::vector<core::Completion> complete(core::CausalLm& lm,
                                       const std::vector<core::Request>& requests) {
  for (const core::Request& r : requests) lm.add(r);
  lm.run();
  auto done = lm.take_finished();
  std::sort(done.begin(), done.end(),
            [](const auto& a, const auto& b) { return a.handle < b.handle; });
  return done;
}

std::shared_ptr<const core::Tokenizer> byte_tokenizer() {
  auto path = std::filesystem::temp_directory_path() /
              ("fk_byte_tokenizer_" + std::to_string(getpid()) + ".json");
  std::ofstream(path) << byte_tokenizer_json();
  auto t = core::Tokenizer::from_tokenizer_json(path);
  std::filesystem::remove(path);
  return t;
}

}  // namespace fk::test
