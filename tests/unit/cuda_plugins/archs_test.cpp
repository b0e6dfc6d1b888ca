// SPDX-License-Identifier: Apache-2.0
// For which cards a plugin holds code: what it says, and what is in the file.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/judge/gate/card_code.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/load_host.hpp"
#include "fk/cuda.hpp"
#include "fk/tasks/rms_norm.h"
#include "tests/support/cuda_plugins.hpp"

namespace fk::test {
namespace {

static_assert(runs_on("sm_90a", 90) && !runs_on("sm_90a", 80) && !runs_on("sm_90a", 100));
static_assert(runs_on("sm_80 sm_90a", 86) && runs_on("sm_80 sm_90a", 90));
static_assert(!runs_on("sm_80", 90) && !runs_on("sm_86", 80) && !runs_on("sm_80 sm_90a", 120));
static_assert(runs_on("sm_90 compute_90", 120) && !runs_on("sm_90 compute_90", 89));
static_assert(!runs_on("compute_90a", 100) && runs_on("any", 75));

std::set<std::string> promised(const std::string& plugin) {
  std::set<std::string> out;
  std::istringstream words(FK_ARCHS);
  for (std::string w; words >> w;)
    if (w.starts_with("sm_")) out.insert(w.substr(0, w.find_last_of("0123456789") + 1));
  if (FK_SM80 && (plugin == "cuda" || plugin == "cublaslt")) out.insert("sm_80");
  return out;
}

class Archs : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Archs);

// The a of sm_90a is not in the file: the machine code of both is for 90.
TEST_P(Archs, AreInTheFile) {
  const judge::CardCode code = judge::card_code(
      core::read_file(FK_BUILD_DIR "/plugins/" + GetParam() + "/" + GetParam() + ".so"));
  std::set<std::string> found;
  for (int sm : code.machine) found.insert("sm_" + std::to_string(sm));
  EXPECT_EQ(found, promised(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Built, Archs, testing::ValuesIn(cuda_plugins()), name_of);

class CardWithoutCode : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CardWithoutCode);
TEST_P(CardWithoutCode, IsRefused) {
  const auto* i = find_implementation("rms_norm", GetParam());
  ASSERT_TRUE(i) << "the catalog has no " << GetParam();
  const auto answer = [&](int sm) {
    fk_rms_norm_init init;
    init.hidden_size = 64;
    const fk_status s = i->impl->supports(core::load_host(), {FK_CUDA, 0}, sm, &init);
    return s ? core::take_error(s) : "";
  };
  const std::string archs = FK_SM80 ? "sm_80 sm_90a" : "sm_90a";
  EXPECT_EQ(answer(90), "");
  EXPECT_EQ(answer(80), FK_SM80 ? "" : "compiled for " + archs + ", this card is sm_80");
  EXPECT_EQ(answer(120), "compiled for " + archs + ", this card is sm_120");
  EXPECT_EQ(answer(75), "needs sm_80 or later, this card is sm_75");
}
// Of the default build: other architectures are other answers.
std::vector<std::string> of_the_default() {
  return std::string(FK_ARCHS) == "sm_90a" ? of_built_plugins({"cuda/cuda"})
                                           : std::vector<std::string>();
}
INSTANTIATE_TEST_SUITE_P(Built, CardWithoutCode, testing::ValuesIn(of_the_default()), name_of);

}  // namespace
}  // namespace fk::test
