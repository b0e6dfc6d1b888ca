// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>

#include "core/runtime/model.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

const Json kLlama8B{{"vocab_size", 128256},       {"hidden_size", 4096},
                    {"intermediate_size", 14336}, {"num_hidden_layers", 32},
                    {"num_attention_heads", 32},  {"num_key_value_heads", 8},
                    {"rms_norm_eps", 1e-5},       {"max_position_embeddings", 131072},
                    {"rope_theta", 500000.0},     {"rope_type", "llama3"},
                    {"rope_factor", 8.0}};

core::BuildOptions dry_options() {
  core::BuildOptions options;
  options.dry = true;
  options.dtype = kBf16;
  options.dims = {{"num_blocks", 100}, {"block_size", 16}, {"num_slots", 4}};
  return options;
}

TEST(Dry, Llama8BHasTheKnownWeights) {
  const auto model = core::Model::build(catalog(), nullptr, "llama", kLlama8B, dry_options());
  const core::Plan& plan = model->plan();
  EXPECT_TRUE(plan.missing_tasks.empty());
  size_t bytes = 0;
  std::map<std::string, core::ParamUse> params;
  for (const core::ParamUse& p : plan.params) {
    bytes += p.bytes;
    EXPECT_TRUE(params.emplace(p.path, p).second) << p.path;
  }
  EXPECT_EQ(bytes, 8030261248u * 2);  // Llama-3.1-8B has 8,030,261,248 parameters
  ASSERT_TRUE(params.contains("model.layers.31.mlp.gate_up_proj.weight"));
  EXPECT_EQ(params["model.layers.31.mlp.gate_up_proj.weight"].shape,
            (std::vector<int64_t>{28672, 4096}));
  EXPECT_EQ(params["model.layers.0.self_attn.qkv_proj.weight"].shape,
            (std::vector<int64_t>{6144, 4096}));
  EXPECT_EQ(plan.states.size(), 64u);
  EXPECT_EQ(model->state_bytes(), 64u * 100 * 16 * 8 * 128 * 2);
}

// A tree for a device that is not there, and no step on it.
TEST(Dry, TouchesNoDevice) {
  core::BuildOptions options = dry_options();
  options.device = {FK_CUDA, 0};
  const auto model = core::Model::build(catalog(), nullptr, "llama", kLlama8B, options);
  EXPECT_FALSE(model->plan().choices.empty());
  options.dry = false;
  options.device.index = 999;  // there on no machine, with a toolkit or without
  const std::string error =
      error_of([&] { core::Model::build(catalog(), nullptr, "llama", kLlama8B, options); });
  EXPECT_TRUE(error.starts_with("cuda:999: ")) << error;
}

TEST(Dry, CannotRun) {
  const auto model =
      core::Model::build(catalog(), nullptr, "silu_and_mul", Json::object(), dry_options());
  core::StructValue args = core::StructValue::args(model->task());
  const std::string text = error_of([&] { model->run(nullptr, args.data()); });
  EXPECT_TRUE(text.ends_with(": built dry, it cannot run")) << text;
}

TEST(Dry, CollectsMissingTasks) {
  core::Catalog c(registry());
  c.add_folder(std::filesystem::path(FK_BUILD_DIR) / "plugins/composed",
               core::Implementation::Kind::kBaseline);
  core::BuildOptions options = dry_options();
  const auto model = core::Model::build(c, nullptr, "llama_mlp",
                                        {{"hidden_size", 8}, {"intermediate_size", 16}}, options);
  EXPECT_EQ(model->plan().missing_tasks, (std::vector<std::string>{"linear", "silu_and_mul"}));
  options.dry = false;
  EXPECT_EQ(error_of([&] {
              core::Model::build(c, nullptr, "llama_mlp",
                                 {{"hidden_size", 8}, {"intermediate_size", 16}}, options);
            }),
            "gate_up_proj: no implementation of linear is loaded");
}

TEST(Dry, StateNeedsItsSizes) {
  core::BuildOptions options = dry_options();
  options.dims.erase("num_blocks");
  const Json attention{{"num_heads", 4}, {"num_kv_heads", 2}, {"head_size", 8}, {"scale", 1.0}};
  options.policy.pins.push_back(core::Pin::parse("attention=composed"));
  EXPECT_EQ(
      error_of([&] { core::Model::build(catalog(), nullptr, "attention", attention, options); }),
      "attention (composed/composed 1.0.0): key_cache: the size \"num_blocks\" is not given");
}

TEST(Dry, InstancesComeFromJson) {
  const Json attention{
      {"hidden_size", 32},
      {"num_heads", 4},
      {"num_kv_heads", 2},
      {"head_dim", 8},
      {"rotary_emb", {{"head_size", 8}, {"rotary_dim", 8}, {"max_position_embeddings", 64}}}};
  const auto model =
      core::Model::build(catalog(), nullptr, "llama_attention", attention, dry_options());
  EXPECT_EQ(model->plan().choices.at(0).task, "rotary_embedding");
  EXPECT_EQ(model->plan().choices.at(0).path, "rotary_emb");
  EXPECT_EQ(model->plan().choices.at(1).task, "llama_attention");
  Json none = attention;
  none.erase("rotary_emb");
  EXPECT_NE(error_of([&] {
              core::Model::build(catalog(), nullptr, "llama_attention", none, dry_options());
            }).find("rotary_emb"),
            std::string::npos);
}

}  // namespace
}  // namespace fk::test
