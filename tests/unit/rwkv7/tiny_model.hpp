// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/weights/weight_store.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {

// One sequence's part of a step.
struct Chunk {
  std::vector<int32_t> tokens;
  int context = 0;  // tokens it has seen before
  int slot = 0;
};

// An RWKV-7 that is driven step by step; gives the logits of every token of a step.
class TinyRwkv7 {
 public:
  TinyRwkv7(std::shared_ptr<core::WeightStore> weights, const Json& init, int slots,
            const std::string& policy_pin = "");
  // Rows in the order of the chunks and their tokens.
  std::vector<std::vector<float>> step(const std::vector<Chunk>&);
  core::Model& model() { return *model_; }

 private:
  int64_t vocab_;
  std::unique_ptr<core::Model> model_;
};

std::string golden(const std::string& file);  // path under tests/golden
std::shared_ptr<core::TensorFile> open_golden(const std::string& file);
std::vector<int32_t> golden_ints(const core::TensorFile&, const std::string& name);
double max_abs_difference(const std::vector<float>& a, const float* b);

}  // namespace fk::test
