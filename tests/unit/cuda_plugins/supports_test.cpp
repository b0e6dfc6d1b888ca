// SPDX-License-Identifier: Apache-2.0
// What the plugins of CUDA libraries say without a card: supports() touches no device.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/plugin/load_host.hpp"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/paged_attention.h"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

constexpr fk_device kCpu{FK_CPU, 0}, kGpu{FK_CUDA, 0};

const core::Implementation* find(const std::string& task, const std::string& id) {
  for (const core::Implementation* i : catalog().implementations(task))
    if (i->id() == id) return i;
  return nullptr;
}

// The reason for no, or "".
template <class Init>
std::string answer(const core::Implementation& i, fk_device device, int sm, const Init& init) {
  const fk_status s = i.impl->supports(core::load_host(), device, sm, &init);
  return s ? core::take_error(s) : "";
}

#define EXPECT_SAYS(expected, text)                                \
  do {                                                             \
    const std::string found_ = (text);                             \
    EXPECT_NE(found_.find(expected), std::string::npos) << found_; \
  } while (0)

fk_linear_init linear(int64_t in, int64_t out) {
  fk_linear_init i;
  i.in_features = in, i.out_features = out;
  return i;
}

class Linear : public testing::TestWithParam<const char*> {};

TEST_P(Linear, SaysWhatItDoesNotTake) {
  const auto* i = find("linear", GetParam());
  if (!i) GTEST_SKIP() << "this build has no " << GetParam();
  EXPECT_EQ(answer(*i, kGpu, 90, linear(4096, 6144)), "");
  EXPECT_EQ(answer(*i, kGpu, 90, linear(4096, 17)), "");
  EXPECT_SAYS("needs a CUDA device", answer(*i, kCpu, 0, linear(4096, 6144)));
  EXPECT_SAYS("needs sm_90", answer(*i, kGpu, 80, linear(4096, 6144)));
  EXPECT_SAYS("compiled for sm_90a", answer(*i, kGpu, 100, linear(4096, 6144)));
  EXPECT_SAYS("a multiple of 8", answer(*i, kGpu, 90, linear(33, 16)));
  fk_linear_init quantised = linear(4096, 6144);
  quantised.quant = FK_QUANT_Q4_0;
  EXPECT_SAYS("unquantised", answer(*i, kGpu, 90, quantised));
  fk_linear_init bias = linear(4096, 6144);
  bias.bias = 1;
  if (std::string_view(GetParam()).starts_with("deepgemm"))
    EXPECT_SAYS("adds no bias", answer(*i, kGpu, 90, bias));
  else
    EXPECT_EQ(answer(*i, kGpu, 90, bias), "");
}
INSTANTIATE_TEST_SUITE_P(CudaPlugins, Linear,
                         testing::Values("cutlass/cutlass", "cutlass/coop_128x256",
                                         "cutlass/coop_128x256_swizzle4", "cutlass/ping_128x128",
                                         "cutlass/ping_64x128", "deepgemm/deepgemm"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

TEST(CudaPlugins, CudnnSaysWhatItDoesNotTake) {
  const auto* i = find("paged_attention", "cudnn/cudnn");
  if (!i) GTEST_SKIP() << "this build has no cudnn";
  fk_paged_attention_init init;
  init.num_heads = 32, init.num_kv_heads = 8, init.head_size = 128, init.scale = 0.1;
  // With or without the library: nothing else is in the way.
  if (const std::string found = answer(*i, kGpu, 90, init); !found.empty())
    EXPECT_SAYS("cuDNN", found);
  EXPECT_SAYS("needs a CUDA device", answer(*i, kCpu, 0, init));
  EXPECT_SAYS("needs sm_90", answer(*i, kGpu, 80, init));
  auto other = init;
  other.head_size = 96;
  EXPECT_SAYS("only 64 and 128", answer(*i, kGpu, 90, other));
  other = init;
  other.logits_soft_cap = 30;
  EXPECT_SAYS("no soft cap", answer(*i, kGpu, 90, other));
  other = init;
  other.num_kv_heads = 5;
  EXPECT_SAYS("do not share", answer(*i, kGpu, 90, other));
}

}  // namespace
}  // namespace fk::test
