// SPDX-License-Identifier: Apache-2.0
// A candidate from nothing to every layer of a model, as its author does it.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Candidate : testing::Test {
  Folder f;
  std::string config = tiny_config(f), folder = f / "candidates";

  Outcome run(std::vector<std::string> more) {
    more.insert(more.begin(), {"--config", config, "--prompt", "hello", "--json", "--max-tokens",
                               "8", "--candidates", folder});
    return fk_run(more);
  }
  void write_new() {
    std::filesystem::create_directories(folder);
    Outcome o = start("fk", {"new", "candidate", "silu_and_mul", "mine", "--candidates", folder});
    ASSERT_EQ(o.code, 0) << o.err;
    ASSERT_TRUE(has(o.out, "silu_and_mul/mine/plugin.yaml")) << o.out;
  }
  std::string source() const { return folder + "/silu_and_mul/mine/mine.cpp"; }
};

TEST_F(Candidate, IsWrittenBuiltAndUsedInEveryLayer) {
  write_new();
  Json want = run({}).lines().at(0)["token_ids"];
  Outcome o = run({"--pin", "silu_and_mul=mine"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.lines().at(0)["token_ids"], want);
  Json dry = fk_run({"--config", config, "--candidates", folder, "--pin", "silu_and_mul=mine",
                     "--dry", "--json"})
                 .lines()
                 .at(0);
  int used = 0;
  for (const Json& node : dry["tree"]) {
    if (node["task"] != "silu_and_mul") continue;
    EXPECT_TRUE(has(node["implementation"], "mine/")) << node;
    EXPECT_TRUE(has(node["reason"], "pin")) << node;
    ++used;
  }
  EXPECT_EQ(used, 2);
  Json one = fk_run({"--config", config, "--candidates", folder, "--pin",
                     "silu_and_mul@model.layers.1.*=mine", "--dry", "--json"})
                 .lines()
                 .at(0);
  used = 0;
  for (const Json& node : one["tree"])
    used += node["task"] == "silu_and_mul" && has(node["implementation"], "mine/");
  EXPECT_EQ(used, 1);
}

TEST_F(Candidate, IsBuiltAgainOnlyWhenItChanged) {
  write_new();
  std::ofstream(source(), std::ios::app) << "// in no cache yet: " << f.path() << "\n";
  Outcome first = run({});
  Outcome second = run({});
  EXPECT_TRUE(has(first.err, "mine")) << first.err;
  EXPECT_FALSE(has(second.err, "mine")) << second.err;
  std::ofstream(source(), std::ios::app) << "// changed " << f.path() << "\n";
  EXPECT_TRUE(has(run({}).err, "mine"));
}

TEST_F(Candidate, CompilerErrorsAreShownAndTheRestKeepsWorking) {
  write_new();
  std::ofstream(source(), std::ios::app)
      << "int x = no_such_name_" << f.path().filename().string() << ";\n";
  Outcome o = run({});
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(o.lines().size(), 2u);
  EXPECT_TRUE(has(o.err, "error: ")) << o.err;
  EXPECT_TRUE(has(o.err, "no_such_name_"));
  Outcome pinned = run({"--pin", "silu_and_mul=mine"});
  EXPECT_EQ(pinned.code, 2);
  EXPECT_TRUE(has(pinned.err, "does not compile")) << pinned.err;
}

TEST_F(Candidate, InCudaIsNotForTheCpu) {
  std::filesystem::create_directories(folder);
  Outcome o =
      start("fk", {"new", "candidate", "silu_and_mul", "mine", "--cuda", "--candidates", folder});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.out, "silu_and_mul/mine/mine.cu")) << o.out;
  EXPECT_TRUE(has(o.out, "--device cuda:0")) << o.out;
  std::ofstream(folder + "/silu_and_mul/mine/mine.cu", std::ios::app)
      << "// in no cache yet: " << f.path() << "\n";
  const bool card =
      std::filesystem::exists("/dev/nvidiactl") || std::filesystem::exists("/dev/dxg");
  o = run({});  // built where there is a card; elsewhere nobody hears of it
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(has(o.err, "mine"), card) << o.err;
  o = run({"--pin", "silu_and_mul=mine"});  // unless they ask for it
  EXPECT_NE(o.code, 0);
  EXPECT_TRUE(
      has(o.err, card ? "needs a CUDA device" : "CUDA sources, and this machine has no card"))
      << o.err;
}

TEST_F(Candidate, NamesAreChecked) {
  std::filesystem::create_directories(folder);
  Outcome o = start("fk", {"new", "candidate", "silu_and_mull", "mine", "--candidates", folder});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "silu_and_mul")) << o.err;
  write_new();
  o = start("fk-new", {"candidate", "silu_and_mul", "mine", "--candidates", folder});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "silu_and_mul/mine")) << o.err;
  o = start("fk", {"new", "thing"});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, "'thing' is neither candidate nor task")) << o.err;
}

}  // namespace
}  // namespace fk::test
