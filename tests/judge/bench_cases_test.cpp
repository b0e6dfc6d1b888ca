// SPDX-License-Identifier: Apache-2.0
// What a task's implementations are measured on.
#include <set>

#include "core/judge/cases/captured_cases.hpp"
#include "core/judge/timing/bench.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

TEST(BenchCases, OnACardAreAsLargeAsTheReferenceAnswers) {
  Judge judge(test::registry(), court_options());
  size_t larger = 0;
  for (const auto& [name, task] : test::registry().tasks()) {
    std::set<std::string> names;
    for (const cases::Case& c : bench_cases(task)) names.insert(c.name);
    for (const cases::Case& c : bench_cases(task, true)) {
      EXPECT_EQ(cases::too_large(judge.oracle().catalog(), task, c, cases::kMostOperations), "")
          << name << " " << c.name;
      // Another name where it is another case, and of its own.
      if (!c.dims.empty()) { EXPECT_TRUE(names.insert(c.name).second) << name << " " << c.name; }
      EXPECT_TRUE(c.name.starts_with(c.family)) << name << " " << c.name;
      larger += c.dims.contains("n") && c.dims.at("n") > 12;
    }
  }
  EXPECT_GT(larger, 20u);
}

TEST(BenchCases, OnACardSayTheirSizes) {
  std::map<std::string, cases::Case> found;
  for (const cases::Case& c : bench_cases(test::registry().task("silu_and_mul"), true))
    found[c.name] = c;
  ASSERT_TRUE(found.contains("llama_decode/bfloat16/d=14336,n=64"));
  EXPECT_TRUE(found.at("llama_decode/bfloat16/d=14336,n=64").decode);
  EXPECT_EQ(found.at("llama_decode/bfloat16/d=14336,n=64").dims.at("n"), 64);
  EXPECT_TRUE(found.contains("llama_prefill/bfloat16/d=14336,n=512"));
}

TEST(BenchCases, OnACardHaveTheStepsThatTheTaskFileSays) {
  std::map<std::string, cases::Case> found;
  double weight = 0, of_file = 0;
  const core::TaskSpec& task = test::registry().task("paged_attention");
  for (const cases::Case& c : bench_cases(task, true)) found[c.name] = c;
  for (const auto& [name, c] : found)
    if (name.starts_with("llama_decode/")) weight += c.weight;
  for (const cases::Case& c : bench_cases(task))
    if (c.name.starts_with("llama_decode/")) of_file += c.weight;
  EXPECT_NEAR(weight, of_file, 1e-9);
  ASSERT_TRUE(found.contains("llama_decode/bfloat16/32x1k"));
  const cases::Case& c = found.at("llama_decode/bfloat16/32x1k");
  ASSERT_EQ(c.seqs.size(), 32u);
  EXPECT_EQ(c.seqs[31].query, 1);
  EXPECT_EQ(c.seqs[31].context, 1023);
  EXPECT_EQ(c.init["num_heads"], 32);
  EXPECT_TRUE(c.decode);
}

}  // namespace
}  // namespace fk::judge
