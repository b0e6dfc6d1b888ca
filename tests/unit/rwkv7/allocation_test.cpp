// SPDX-License-Identifier: Apache-2.0
// A step of a recurrent model allocates nothing after warm-up either.
#include <gtest/gtest.h>

#include "core/engine/causal_lm.hpp"
#include "tests/support/counting/counting_new.hpp"
#include "tests/unit/rwkv7/tiny_model.hpp"

namespace fk::test {
namespace {

TEST(Allocation, AStepOfRwkv7AllocatesNothingAfterWarmUp) {
  const std::string names = std::string(FK_SOURCE_DIR) + "/configs/weights/rwkv7.yaml";
  auto file = open_golden("rwkv7/tiny.safetensors");
  const Json init = core::init_from_file(*file, names, false);
  core::BuildOptions build;
  build.threads = 1;
  core::EngineOptions options;
  options.max_num_seqs = 3;
  options.max_num_batched_tokens = 16;
  options.max_model_len = 256;
  const auto lm = core::CausalLm::build(catalog(), core::WeightStore::open(file, names, init),
                                        "rwkv7", init, build, options, {});
  for (int32_t i = 0; i < 3; ++i) {
    core::Request r;
    r.prompt.assign(20, i + 1);
    r.sampling.max_tokens = 60;
    r.sampling.ignore_eos = true;
    r.sampling.temperature = i % 2 ? 0.8f : 0.0f;
    lm->add(r);
  }
  for (int i = 0; i < 10; ++i) lm->step();  // prompts in chunks, then decodes
  lm->model().freeze();
  start_counting();
  for (int i = 0; i < 20; ++i) lm->step();
  EXPECT_EQ(stop_counting(), 0);
  lm->run();
  EXPECT_EQ(lm->take_finished().size(), 3u);
}

}  // namespace
}  // namespace fk::test
