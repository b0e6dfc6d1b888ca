// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/flags.hpp"
#include "core/cli/workspace.hpp"
#include "core/engine/assets.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// The flags of every command that builds a model.
struct ModelFlags {
  std::string config, device = "auto", dtype, quant, policy = "auto", plan, weights, tokenizer,
                      layers;
  std::vector<std::string> pins, candidates;
  // Copies of plugins (PluginFile::copy) beside those that are found; no flag.
  std::vector<std::filesystem::path> versions;
  int threads = 0;
  std::string cases;  // of a command that resolves, see add_cases_flag()
  int64_t block_size = 0, num_blocks = 0, max_model_len = 0, max_num_seqs = 0,
          max_num_batched_tokens = 0;
  double gpu_memory_utilization = 0;  // 0: the config's
  bool resolved_later = false;        // the policy best is the caller's to carry out
  bool admitted_later = false;        // and candidates are the caller's to open
  bool enforce_eager = false, no_async_scheduling = false;

  void add_to(CLI::App&);
};

// A model that is about to be built: what it is made of and how.
struct Session {
  Workspace workspace;
  Assets assets;
  BuildOptions build;
  EngineOptions engine_options;  // as given; assets.config.options has the defaults filled in

  // Reads the config and opens its files. Throws Error.
  Session(const ModelFlags&, bool dry);
  // The tree, weights and states of the model, from a dry build with this session's policy.
  std::unique_ptr<Model> dry_model() const;
  // Weights that show their loading on stderr.
  std::shared_ptr<WeightStore> weights(const Plan& dry) const;
  std::unique_ptr<CausalLm> causal_lm() const { return causal_lm(assets.text_options()); }
  std::unique_ptr<CausalLm> causal_lm(TextOptions) const;

 private:
  void fill();
  void prefer_gpu();
};

// After a build: tensors of the file that no node asked for are an error, named.
void refuse_unused(const WeightStore&, const Assets&);

// "cpu", "cuda", "cuda:1"; "auto" is the CPU here. Throws Error for anything else.
fk_device parse_device(const std::string&);

}  // namespace fk::core
