// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/engine/config.hpp"
#include "core/engine/request.hpp"
#include "core/engine/step_size.hpp"
#include "core/runtime/model.hpp"
#include "core/text/tokenizer.hpp"

namespace fk::core {

// What ends a text for every request of an engine, and what turns ids into text.
struct TextOptions {
  std::shared_ptr<const Tokenizer> tokenizer;  // null: completions have ids alone
  std::vector<int32_t> stop_ids;
  std::vector<std::string> stop_strings;
};

// Drives a task of `interface: causal_lm` (input_ids, positions, logits_indices -> logits; step
// batch_step): continuous batching, chunked prefill, a paged KV cache or slots of recurrent state,
// sampling per request. It knows no model: what the caches are it learns from the states that the
// tasks of the tree declare. One thread drives it. A step allocates nothing after warm-up, as long
// as requests neither come nor go and no text is made.
class CausalLm {
 public:
  static std::unique_ptr<CausalLm> build(const Catalog&, std::shared_ptr<WeightStore> weights,
                                         const std::string& task, const Json& init, BuildOptions,
                                         EngineOptions, TextOptions);
  ~CausalLm();

  // Queues a request and returns its handle. Throws Error for an empty prompt, one that is longer
  // than the context, ids outside the vocabulary and sampling parameters out of range; the
  // request's id is in the text.
  int64_t add(Request);
  // Runs one step. False when there was nothing to do.
  bool step();
  // Steps until all requests are done.
  void run();
  void cancel(int64_t handle);
  std::vector<Completion> take_finished();  // in the order in which they finished

  struct Stats {
    int64_t steps = 0, prompt_tokens = 0, generated_tokens = 0, preemptions = 0;
    double seconds = 0;       // inside step()
    double wait_seconds = 0;  // of them, waiting for the device
    double device_seconds =
        0;          // between the device's events around each step; on the CPU: of step()
    StepSize size;  // of all steps together
  };
  const Stats& stats() const;
  const EngineOptions& options() const;  // with the defaults filled in
  int64_t vocab_size() const;
  int64_t context() const;  // tokens of prompt and output that fit
  Model& model();
  const Model& sampler() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit CausalLm(std::unique_ptr<Impl>);
};

// Which caches the tasks of a tree declare; from a dry build with the baselines.
struct CacheKinds {
  bool kv = false, recurrent = false;
};
CacheKinds cache_kinds(const Registry&, const Plan& dry_plan);
// BuildOptions.dims of an engine of these sizes.
std::map<std::string, int64_t> engine_dims(const EngineOptions&);
// The options with defaults worked out for `task` with `init`.
EngineOptions fill_options(const Registry&, const std::string& task, const Json& init,
                           EngineOptions, fk_device);

}  // namespace fk::core
