// SPDX-License-Identifier: Apache-2.0
// What the tests of causal models share: the golden file, an engine over the build tree's plugins,
// comparisons.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/engine/causal_lm.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::golden {

using core::Json;
namespace fs = std::filesystem;

inline fs::path source(const std::string& path) { return fs::path(FK_SOURCE_DIR) / path; }
inline Json read_json(const std::string& path) {
  std::ifstream in(source(path));
  if (!in) throw std::runtime_error("cannot open " + source(path).string());
  return Json::parse(in);
}

// How an engine is built; what the answer must not depend on.
struct Sizes {
  fk_dtype dtype{FK_FLOAT, 32, 1};
  int threads = 2;
  int64_t block_size = 16, chunk = 512, sequences = 16, context = 2048;
};

inline std::unique_ptr<core::CausalLm> engine(std::shared_ptr<core::WeightStore> weights,
                                              const std::string& task, const Json& init,
                                              const Sizes& s) {
  core::BuildOptions build;
  build.dtype = s.dtype;
  build.threads = s.threads;
  core::EngineOptions options;
  options.block_size = s.block_size;
  options.max_num_batched_tokens = s.chunk;
  options.max_num_seqs = s.sequences;
  options.max_model_len = s.context;
  options.num_blocks =
      s.sequences * (256 + s.block_size) / s.block_size + s.context / s.block_size + 1;
  Json full = init;
  full["dtype"] = core::dtype_name(s.dtype);
  return core::CausalLm::build(test::catalog(), std::move(weights), task, full, build, options, {});
}

// Greedy answers to all prompts at once, in their order.
inline std::vector<core::Completion> complete(core::CausalLm& lm,
                                              const std::vector<std::vector<int32_t>>& prompts,
                                              int64_t max_tokens, int top_logits = 0) {
  std::map<int64_t, size_t> index;
  for (const auto& prompt : prompts) {
    core::Request r;
    r.id = std::to_string(index.size());
    r.prompt = prompt;
    r.sampling.max_tokens = max_tokens;
    r.sampling.ignore_eos = true;
    r.top_logits = top_logits;
    const size_t i = index.size();
    index[lm.add(std::move(r))] = i;
  }
  lm.run();
  std::vector<core::Completion> out(prompts.size());
  for (auto& c : lm.take_finished()) out.at(index.at(c.handle)) = std::move(c);
  return out;
}

// The logits of a completion that asked for all of them, by id.
inline std::vector<float> by_id(const core::Completion& c) {
  std::vector<float> logits(c.top_logits.size());
  for (const auto& [id, value] : c.top_logits) logits.at(size_t(id)) = value;
  return logits;
}

// Equal up to the first step at which the golden's two best logits lie closer than both sides'
// errors together. Returns how many tokens were compared.
inline size_t expect_tokens(const Json& golden, const std::vector<int32_t>& found, double tie) {
  const auto want = golden.at("tokens").get<std::vector<int32_t>>();
  const auto gaps = golden.at("gaps").get<std::vector<double>>();
  EXPECT_EQ(found.size(), want.size());
  size_t i = 0;
  for (; i < std::min(want.size(), found.size()) && gaps[i] > tie; ++i) {
    if (found[i] == want[i]) continue;
    ADD_FAILURE() << "token " << i << " is " << found[i] << ", want " << want[i]
                  << "; the gap there is " << gaps[i];
    break;
  }
  return i;
}

inline std::vector<std::vector<int32_t>> prompt_ids(const Json& prompts) {
  std::vector<std::vector<int32_t>> ids;
  for (const auto& p : prompts) ids.push_back(p.at("ids").get<std::vector<int32_t>>());
  return ids;
}

}  // namespace fk::golden
