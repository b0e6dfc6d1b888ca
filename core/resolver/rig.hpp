// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/assets.hpp"
#include "core/engine/causal_lm.hpp"
#include "core/resolve/search.hpp"

namespace fk::resolver {

// What a model is resolved for: `batch` requests at once, each with so many prompt and new tokens.
// An encoder has prompts alone.
struct Workload {
  int64_t batch = 1, prompt = 64, tokens = 16;
  std::string text() const;                        // "1x64/16"
  static Workload parse(const std::string& text);  // throws Error
};

// A model that can be built with other choices.
struct Subject {
  const core::Catalog& catalog;
  const core::Assets& assets;
  core::BuildOptions build;  // with its policy's pins
  core::EngineOptions engine;
  std::shared_ptr<core::WeightStore> weights;
  bool is_encoder() const { return assets.config.engine == core::Config::Engine::kEncoder; }
};

using Logits = std::vector<std::vector<float>>;  // one row a position, or a text of an encoder

// A built model in its own engine, ready to be measured as a whole.
class Rig {
 public:
  virtual ~Rig() = default;
  // One round of the workload: seconds of a step of each phase; 0 for a phase that there is none
  // of.
  virtual core::search::PerPhase round() = 0;
  // Of a text that is the same for all rigs: the first half in chunks, the second token by token.
  // `whole`: all of it in chunks, the same numbers by another way. An encoder has one way.
  virtual Logits logits(bool whole = false) = 0;
  // What it says after the workload's prompts, all at once as a round runs them: a row of logits
  // each, of at most 16; an encoder's embeddings.
  virtual Logits answers() = 0;
  // Of a causal language model: minus the logarithm of the likelihood of every token but the first,
  // in sum. Throws Error for an encoder.
  virtual double nll(const std::vector<int32_t>& text) = 0;
  // Of an encoder: an embedding a text. Throws Error for a language model.
  virtual Logits embed(const std::vector<std::vector<int32_t>>& texts) = 0;
  virtual const core::Plan& plan() const = 0;
};

// Throws Error when it cannot be built. `layers`: around its nodes.
std::unique_ptr<Rig> make_rig(const Subject&, const core::Policy&, const Workload&,
                              const core::LayerOptions& layers = {});
// Exactly the choices of a plan.
std::unique_ptr<Rig> make_rig(const Subject&, const core::Plan&, const Workload&);
// The same model as nothing faster computes it: the reference, slowly, on the CPU; on a card its
// baselines in float32, an operation at a time. Throws Error where the reference lacks a task, and
// where the card is too small.
std::unique_ptr<Rig> make_reference_rig(const Subject&, const Workload&);

// How many steps of each phase a workload has.
core::search::PerPhase steps_of(const Workload&, bool encoder);

}  // namespace fk::resolver
