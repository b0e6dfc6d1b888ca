// SPDX-License-Identifier: Apache-2.0
// For which cards a plugin holds code: what it says, and what is in the file.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "core/plugin/load_host.hpp"
#include "core/plugin/process.hpp"
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

// cuobjdump -lelf: "ELF file    1: cuda.1.sm_90.cubin", one a source and architecture; the a of
// sm_90a is not in the name.
TEST_P(Archs, AreInTheFile) {
  std::string tool = core::find_program("cuobjdump");
  if (tool.empty()) tool = core::find_program(FK_CUDA_BIN "/cuobjdump");
  if (tool.empty()) GTEST_SKIP() << "there is no cuobjdump";
  const std::string file = FK_BUILD_DIR "/plugins/" + GetParam() + "/" + GetParam() + ".so";
  const core::ProcessResult r = core::run_processes({{tool, "-lelf", file}})[0];
  ASSERT_EQ(r.exit_code, 0) << r.output;
  std::set<std::string> found;
  for (size_t at = r.output.find(".sm_"); at != r.output.npos; at = r.output.find(".sm_", at + 1))
    found.insert(
        r.output.substr(at + 1, r.output.find_first_not_of("0123456789", at + 4) - at - 1));
  EXPECT_EQ(found, promised(GetParam())) << r.output;
}
INSTANTIATE_TEST_SUITE_P(Built, Archs, testing::ValuesIn(cuda_plugins()), name_of);

class CardWithoutCode : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CardWithoutCode);
TEST_P(CardWithoutCode, IsRefused) {
  if (std::string(FK_ARCHS) != "sm_90a") GTEST_SKIP() << "built for " FK_ARCHS;
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
INSTANTIATE_TEST_SUITE_P(Built, CardWithoutCode, testing::ValuesIn(of_built_plugins({"cuda/cuda"})),
                         name_of);

}  // namespace
}  // namespace fk::test
