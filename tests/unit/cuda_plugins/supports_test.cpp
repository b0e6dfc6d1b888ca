// SPDX-License-Identifier: Apache-2.0
// What the plugins of CUDA libraries say without a card: supports() touches no device.
#include <gtest/gtest.h>

#include "core/plugin/load_host.hpp"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/paged_attention.h"
#include "tests/support/cuda_plugins.hpp"

namespace fk::test {
namespace {

constexpr fk_device kCpu{FK_CPU, 0}, kGpu{FK_CUDA, 0};

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

// What CMake has built, the catalog has.
class CudaPlugin : public testing::TestWithParam<std::string> {};
TEST_P(CudaPlugin, IsInTheCatalog) {
  int implementations = 0;
  for (const auto& [name, task] : registry().tasks())
    for (const core::Implementation* i : catalog().implementations(name))
      implementations += i->plugin == GetParam();
  EXPECT_GT(implementations, 0) << "it was built; `fk list` says why it is refused";
}
INSTANTIATE_TEST_SUITE_P(Built, CudaPlugin, testing::ValuesIn(cuda_plugins()), name_of);

class Linear : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Linear);  // no such plugin built

TEST_P(Linear, SaysWhatItDoesNotTake) {
  const auto* i = find_implementation("linear", GetParam());
  ASSERT_TRUE(i) << "the catalog has no " << GetParam();
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
  if (GetParam() == "deepgemm/deepgemm")
    EXPECT_SAYS("adds no bias", answer(*i, kGpu, 90, bias));
  else
    EXPECT_EQ(answer(*i, kGpu, 90, bias), "");
}
INSTANTIATE_TEST_SUITE_P(
    Built, Linear,
    testing::ValuesIn(of_built_plugins({"cutlass/cutlass", "cutlass/coop_128x256",
                                        "cutlass/coop_128x256_swizzle4", "cutlass/ping_128x128",
                                        "cutlass/ping_64x128", "deepgemm/deepgemm"})),
    name_of);

class CudnnAttention : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CudnnAttention);  // not built
TEST_P(CudnnAttention, SaysWhatItDoesNotTake) {
  const auto* i = find_implementation("paged_attention", GetParam());
  ASSERT_TRUE(i) << "the catalog has no " << GetParam();
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
INSTANTIATE_TEST_SUITE_P(Built, CudnnAttention,
                         testing::ValuesIn(of_built_plugins({"cudnn/cudnn"})), name_of);

}  // namespace
}  // namespace fk::test
