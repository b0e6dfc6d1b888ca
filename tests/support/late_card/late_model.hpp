// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>

#include "core/engine/causal_lm.hpp"
#include "tests/support/late_card/late_card.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {

// An engine over the model of plugin.cpp, in a program that knows FK_BUILD_DIR.
inline std::unique_ptr<core::CausalLm> late_llama(const core::EngineOptions& options,
                                                  std::shared_ptr<LateCard> card) {
  static const core::Catalog plugins = [] {
    core::Catalog c(registry());
    c.add_file(std::filesystem::path(FK_BUILD_DIR) / "late_card/late_card.so",
               core::Implementation::Kind::kBaseline);
    return c;
  }();
  core::BuildOptions build;
  build.device = card->id();
  build.on = std::move(card);
  const Json init{{"vocab_size", 260},      {"hidden_size", 1},         {"intermediate_size", 1},
                  {"num_hidden_layers", 1}, {"num_attention_heads", 1}, {"dtype", "float32"}};
  return core::CausalLm::build(
      plugins,
      core::WeightStore::seeded(1, std::string(FK_SOURCE_DIR) + "/configs/weights/llama_hf.yaml",
                                init),
      "llama", init, build, options, {});
}

}  // namespace fk::test
