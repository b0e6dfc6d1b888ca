// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/runtime/model.hpp"
#include "tests/support/array.hpp"

namespace fk::test {

using core::Json;

// The registry of the source tree and every plugin of the build tree (build/plugins, or the folder
// that FK_TEST_PLUGINS names), loaded once a process. Refusals of these plugins are errors: it
// throws with their reasons.
const core::Registry& registry();
const core::Catalog& catalog();

struct TaskOptions {
  std::string implementation;     // "reference", "cpu/avx2": of the root task; empty: the baseline
  std::vector<std::string> pins;  // for children: "linear=reference"
  fk_dtype dtype{FK_FLOAT, 32, 1};
  std::map<std::string, int64_t> dims;  // num_blocks, block_size, num_slots
  int threads = 1;
  core::LayerOptions layers{.validate = true};
};

using Arrays = std::map<std::string, Array>;

// The params that the task's tree asks for, by path, as a dry build finds them.
std::vector<core::ParamUse> params_of(const std::string& task, const Json& init,
                                      const TaskOptions& = {});
// Random values for all of them: floats in [-scale, scale), block tensors as they come.
Arrays random_params(const std::string& task, const Json& init, uint64_t seed, double scale = 0.5,
                     const TaskOptions& = {});

// One task of any level, built with params given in memory and run with named arrays. Throws
// core::Error as the host does.
//   TaskRunner norm("rms_norm", {{"hidden_size", 4}}, {{"weight", Array(kF32, {4}, {1, 1, 1,
//   1})}}); Array x(...), y(kF32, {2, 4}); norm.run({{"x", &x}, {"y", &y}});
class TaskRunner {
 public:
  // An init field of type instance is given as the init of that instance.
  TaskRunner(const std::string& task, const Json& init, const Arrays& params = {},
             const TaskOptions& = {}, const core::Catalog& = catalog());
  // Optional arguments may be left out or NULL. `step` points to the task's step struct.
  void run(const std::map<std::string, const Array*>& args, const void* step = nullptr);
  // The same with headers of the caller's own (strided views).
  void run_tensors(const std::map<std::string, const fk_tensor*>& args, const void* step = nullptr);
  core::Model& model() { return *model_; }
  // "plugin/name" that the root got.
  std::string implementation() const { return model_->plan().choices.at(0).implementation; }

 private:
  std::shared_ptr<core::WeightStore> weights_;
  std::unique_ptr<core::Model> model_;
};

// A batch_step for n sequences: query_lens tokens each on top of context_lens cached ones, blocks
// handed out in order (sequence 0 first). Owns its tensors.
class BatchStep {
 public:
  BatchStep(const std::vector<int>& query_lens, const std::vector<int>& context_lens,
            int block_size);
  const void* get() const;
  Array& block_table() { return block_table_; }
  Array& slot_mapping() { return slot_mapping_; }
  const Array& positions() const { return positions_; }  // int64 [num_tokens]
  int num_tokens() const { return num_tokens_; }
  int num_blocks() const { return num_blocks_; }

 private:
  int num_tokens_ = 0, num_blocks_ = 0, max_query_ = 0, max_seq_ = 0;
  Array query_start_loc_, seq_lens_, block_table_, slot_mapping_, positions_, state_indices_;
  mutable std::unique_ptr<core::StructValue> value_;
};

}  // namespace fk::test
