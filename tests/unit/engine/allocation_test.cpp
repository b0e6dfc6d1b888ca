// SPDX-License-Identifier: Apache-2.0
// No allocation on the path of a step after warm-up: counted where every allocation of the process
// passes.
#include <gtest/gtest.h>

#include "tests/support/counting/counting_new.hpp"
#include "tests/unit/engine/tiny_llama.hpp"

namespace fk::test {
namespace {

TEST(Allocation, AStepAllocatesNothingAfterWarmUp) {
  auto lm = tiny_llama();
  for (uint64_t i = 0; i < 4; ++i) {
    core::Request r = tiny_request(tiny_prompt(i, 40), 60);
    r.sampling.temperature = i % 2 ? 0.8f : 0.0f;
    lm->add(r);
  }
  for (int i = 0; i < 8; ++i) lm->step();  // prompts, then decodes
  lm->model().freeze();
  start_counting();
  for (int i = 0; i < 20; ++i) lm->step();
  EXPECT_EQ(stop_counting(), 0);
  lm->run();
  EXPECT_EQ(lm->take_finished().size(), 4u);
}

TEST(Allocation, TheCounterCounts) {
  start_counting();
  ::operator delete(::operator new(4));  // a call, which no compiler may leave out
  std::string long_text(100, 'x');
  EXPECT_GE(stop_counting(), 2);
}

}  // namespace
}  // namespace fk::test
