// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::core {

// Sizes of an engine, under `options:` of a config. 0: a default is worked out from the model.
struct EngineOptions {
  int64_t block_size = 0;  // tokens a KV block; default: 16, on a GPU 64
  // default: two sequences of max_model_len; on a GPU what fits into gpu_memory_utilization
  int64_t num_blocks = 0;
  int64_t max_model_len =
      0;  // context: prompt + output; default: the init's max_position_embeddings, if any
  int64_t max_num_seqs = 0;  // sequences that run at once, recurrent state slots; 16, GPU 256
  // tokens a step, a longer prompt is prefilled in chunks; default: 512, on a GPU 8192
  int64_t max_num_batched_tokens = 0;
  double gpu_memory_utilization =
      0.9;                     // share of the card that weights, cache and scratch may take
  bool enforce_eager = false;  // no CUDA graphs
  // A step is launched before the last one's tokens are looked at; default: on a GPU.
  std::optional<bool> async_scheduling;
};

// A file by path, or inside a fetched package: third_party/models/<package>/<path>.
struct FileRef {
  std::string package;
  std::filesystem::path path;  // absolute once read
  bool is_package() const { return !package.empty(); }
};

// configs/<name>.yaml: one model, ready to run.
//
//   model: llama                        the L4 task
//   engine: causal_lm                   or encoder
//   weights: {package: p, path: f}      or {path: f} (relative to the config), or {seed: N};
//   absent: --weights is needed names: weights/llama_gguf.yaml      name map from the file's tensor
//   names to ours, relative to the config; or a list,
//                                       of which the first with the weights' format is taken
//                                       (seeded: the first)
//   dtype: float32                      run dtype
//   quant: keep                         keep the file's quantised weights; none: dequantise them at
//   load init: {...}                         fields of the task's init; over what the weight file
//   says
//                                       (under it where --weights takes the place of a seed)
//   tokenizer: {package, path}|path     default: the one beside or inside the weights
//   chat_template: {package, path}|path|none   likewise
//   stop: [2, "\n\nUser:"]              ids and strings that end a text, beside those of the weight
//   file options: {...}                      EngineOptions
struct Config {
  enum class Engine { kCausalLm, kEncoder };
  enum class Source { kNone, kFile, kSeeded };

  std::string file;  // as the user wrote it; for messages
  std::string model;
  Engine engine = Engine::kCausalLm;
  Source source = Source::kNone;
  FileRef weights;    // for kFile
  uint64_t seed = 0;  // for kSeeded
  std::vector<std::filesystem::path> names;
  fk_dtype dtype{FK_FLOAT, 32, 1};
  bool keep_quant = true;
  Json init = Json::object();
  std::optional<FileRef> tokenizer, chat_template;
  bool no_chat_template = false;
  std::vector<int32_t> stop_ids;
  std::vector<std::string> stop_strings;
  EngineOptions options;
};

// Strict: throws Error "file:line:column: ..." for an unknown key (with the nearest valid one), a
// duplicate, a wrong type or a value out of range. `packages` is the folder that holds fetched
// packages. Files are not looked at.
Config load_config(const std::filesystem::path& file, const std::filesystem::path& packages);
Config parse_config(const std::string& text, const std::filesystem::path& file,
                    const std::filesystem::path& packages);

}  // namespace fk::core
