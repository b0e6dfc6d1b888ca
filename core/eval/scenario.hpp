// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/config.hpp"
#include "core/resolver/rig.hpp"

namespace fk::eval {

// What a family's models have to compute still. Of a language model the logits against the
// reference and the perplexity of a text; of an encoder its embeddings and what they rank first.
struct MetricSpec {
  // Errors of the logits, at most so many times what `resolver::Agreement` allows.
  double envelope = 1;
  struct Perplexity {
    std::filesystem::path text;
    int64_t tokens = 128;      // the first so many of it, within the model's context
    double tolerance = 0.002;  // of its logarithm, against the baselines'
  };
  std::optional<Perplexity> perplexity;
  double cosine = 0.999;  // at least, of every embedding and the reference's
  struct Ranking {
    std::string query;
    std::filesystem::path texts;  // one a line; without them random ids stand in
  };
  std::optional<Ranking> ranking;
};

struct ScenarioModel {
  std::string name;
  std::filesystem::path config;
  core::Config::Engine family = core::Config::Engine::kCausalLm;
  double weight = 1;
  std::vector<resolver::Workload> workloads;  // at least one; of equal weight
  std::map<std::string, double> tasks;        // what a task's share of the time is multiplied by
  MetricSpec metric;
};

// A file of scenarios/: models, and how each is looked at.
//
//   scenario: cpu_small
//   models:
//     tiny:
//       config: ../configs/llama.yaml    relative to the scenario
//       weight: 2                        among models; default 1
//       workloads: [1x64/16]             as `fk resolve --workload` has them
//       tasks: {rms_norm: 0.5}           factors on the share of the time; default 1
//       metric:
//         logits: 1                      times the envelope
//         perplexity: {text: story.txt, tokens: 128, tolerance: 0.002}
//     embed:                             an encoder
//       config: ../configs/minilm.yaml
//       metric: {cosine: 0.999, ranking: {query: A cat sits., texts: sentences.txt}}
struct Scenario {
  std::string file, name;
  std::vector<ScenarioModel> models;
};

const char* family_name(core::Config::Engine);

// Strict, as load_config: throws Error "file:line:column: ..." for an unknown key, model config,
// task or file, a wrong type, a value out of range, and a metric that another family has.
// `packages`: as load_config.
Scenario parse_scenario(const std::string& text, const std::filesystem::path& file,
                        const std::filesystem::path& packages, const core::Registry&);
Scenario load_scenario(const std::filesystem::path& file, const std::filesystem::path& packages,
                       const core::Registry&);

}  // namespace fk::eval
