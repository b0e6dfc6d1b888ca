// SPDX-License-Identifier: Apache-2.0
// `fk check` and `fk bench TASK` as people and scripts use them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Check, PassesABaselineAndSaysInWhichSandbox) {
  const Outcome o = start("fk-check", {"silu_and_mul", "--impl", "cpu", "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const Json record = o.lines().at(0);
  EXPECT_EQ(record["implementation"], "cpu/cpu");
  EXPECT_TRUE(record["passed"].get<bool>());
  EXPECT_EQ(record["coverage"], 1.0);
  EXPECT_GE(record["sandbox"].size(), 12u);
  EXPECT_GT(record["cases"].size(), 40u);
}

// A kernel that forgets the up half: written, judged, found, and seen again by the command given.
TEST(Check, FindsWhatIsWrongWithACandidate) {
  const Folder f;
  const std::string folder = f / "candidates";
  std::filesystem::create_directories(folder);
  ASSERT_EQ(start("fk", {"new", "candidate", "silu_and_mul", "mine", "--candidates", folder}).code,
            0);
  EXPECT_EQ(start("fk", {"check", "silu_and_mul", "--impl", "mine", "--candidates", folder}).code,
            0);
  const std::string file = folder + "/silu_and_mul/mine/mine.cpp";
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  std::string source = text.str();
  const size_t at = source.find("std::exp(-");
  ASSERT_NE(at, source.npos) << source;
  source.replace(at, 10, "std::exp(");
  std::ofstream(file) << source;
  const Outcome o =
      start("fk", {"check", "silu_and_mul", "--impl", "mine", "--candidates", folder, "--quiet"});
  EXPECT_EQ(o.code, 1) << o.out << o.err;
  EXPECT_TRUE(has(o.out, "first bad index")) << o.out;
  EXPECT_TRUE(has(o.out, "again: fk check silu_and_mul --impl mine/")) << o.out;
  EXPECT_TRUE(has(o.out, "FAIL")) << o.out;
}

TEST(Check, SaysWhatItCannotJudge) {
  Outcome o = start("fk", {"check", "silu_and_mu"});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "silu_and_mul")) << o.err;
  o = start("fk", {"check", "silu_and_mul", "--impl", "cpuu"});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "no implementation of silu_and_mul is called \"cpuu\"")) << o.err;
  o = start("fk", {"check", "silu_and_mul", "--impl", "cpu", "--case", "odd/float99"});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "has no case \"odd/float99\"")) << o.err;
}

TEST(BenchTask, SaysWhichCasesThereAre) {
  const Outcome o = start("fk", {"bench", "silu_and_mul", "--impl", "cpu", "--case", "smolm2"});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "silu_and_mul has no case \"smolm2\" (did you mean 'smollm2")) << o.err;
}

TEST(Check, TakesAllThatIsBelowAName) {
  const Outcome o = start("fk", {"check", "silu_and_mul", "--impl", "cpu/cpu", "--case", "odd_1"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.out, "odd_1/float16")) << o.out;
  EXPECT_TRUE(!has(o.out, "odd_10")) << o.out;
}

TEST(BenchTask, MeasuresAgainstTheBaselineItIsGiven) {
  const Outcome o =
      start("fk-bench", {"silu_and_mul", "--impl", "cpu", "--against", "reference", "--case",
                         "llama_decode/bfloat16", "--budget", "0.5", "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const Json r = o.lines().at(0);
  EXPECT_EQ(r["candidate"], "cpu/cpu");
  EXPECT_EQ(r["baseline"], "reference/reference");
  EXPECT_EQ(r["code"], "FAST") << r.dump();
  EXPECT_GT(r["verified_calls"].get<int>(), 0);
  EXPECT_EQ(r["samples"].size(), r["rounds"].get<size_t>());
}

}  // namespace
}  // namespace fk::test
