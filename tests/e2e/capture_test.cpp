// SPDX-License-Identifier: Apache-2.0
// A model's own calls as cases, as a kernel's author uses them: capture, check, bench.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json file_in(const std::string& folder) {
  return Json::parse(std::ifstream(folder + "/capture.json"));
}

TEST(Capture, WritesWhatARunCalled) {
  const Folder f;
  const std::string config = tiny_config(f), to = f / "calls";
  const Outcome o = fk_run({"--config", config, "--prompt", "hello", "--max-tokens", "5",
                            "--ignore-eos", "--device", "cpu", "--quiet", "--capture", to});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.err, "captured: " + to + "/capture.json: ")) << o.err;
  const Json j = file_in(to);
  EXPECT_EQ(j["capture"], 1);
  EXPECT_EQ(j["config"], config);
  EXPECT_EQ(j["device"], "cpu");
  std::map<std::string, int> calls;
  double share = 0;
  for (const Json& c : j["calls"]) {
    calls[c["task"].get<std::string>() + ":" + c["phase"].get<std::string>()] +=
        c["calls"].get<int>();
    share += c["self_share"].get<double>();
  }
  EXPECT_EQ(calls["llama:prefill"], 1);
  EXPECT_EQ(calls["llama:decode"], 4);
  EXPECT_EQ(calls["silu_and_mul:decode"], 8);  // two layers
  EXPECT_EQ(calls["sample:prefill"], 5);       // a tree of its own, without a step
  EXPECT_NEAR(share, 1, 0.01);
}

TEST(Capture, WorksForChatsAndIsNothingWithoutARun) {
  const Folder f;
  const std::string config = tiny_config(f), to = f / "calls";
  const Outcome o = fk_run({"--config", config, "--chat", "--max-tokens", "3", "--quiet",
                            "--device", "cpu", "--capture", to},
                           "hello\n/quit\n");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_GT(file_in(to)["calls"].size(), 10u);
  const Outcome dry = fk_run({"--config", config, "--dry", "--capture", to});
  EXPECT_EQ(dry.code, 2);
  EXPECT_TRUE(has(dry.err, "--capture: with --dry nothing is called")) << dry.err;
}

// A new kernel against the calls of a model: judged by them, then timed on them.
TEST(Capture, ItsCasesJudgeAndTimeACandidate) {
  const Folder f;
  const std::string config = tiny_config(f), to = f / "calls", folder = f / "candidates";
  ASSERT_EQ(fk_run({"--config", config, "--prompt", "hello", "--max-tokens", "5", "--ignore-eos",
                    "--device", "cpu", "--quiet", "--capture", to})
                .code,
            0);
  std::filesystem::create_directories(folder);
  ASSERT_EQ(start("fk", {"new", "candidate", "silu_and_mul", "mine", "--candidates", folder}).code,
            0);
  Outcome o = start("fk", {"check", "silu_and_mul", "--impl", "mine", "--candidates", folder,
                           "--cases", to, "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  int captured = 0, others = 0;
  const Json checked = o.lines().at(0);
  for (const Json& c : checked["cases"])
    ++(c["case"].get<std::string>().starts_with("captured/") ? captured : others);
  EXPECT_EQ(captured, 2);  // the prompt, and steps of one token
  EXPECT_GT(others, 40);

  o = start("fk", {"bench", "silu_and_mul", "--impl", "mine", "--candidates", folder, "--cases", to,
                   "--budget", "0.3", "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const auto lines = o.lines();
  ASSERT_GE(lines.size(), 2u);
  double seconds = 0;
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_TRUE(lines[i]["case"].get<std::string>().starts_with("captured/"));
    seconds += lines[i]["captured_seconds"].get<double>();
  }
  const Json sum = lines.back()["captured"];
  EXPECT_EQ(sum["cases"], lines.size() - 1);
  EXPECT_GE(sum["share_of_seconds"].get<double>(), 0.95);
  EXPECT_NEAR(seconds / sum["seconds"].get<double>(), sum["share_of_seconds"].get<double>(), 1e-9);
  EXPECT_GT(sum["speedup"]["median"].get<double>(), 0);
  EXPECT_EQ(sum["formula"], "sum(seconds) / sum(seconds / speedup)");

  o = start("fk", {"bench", "silu_and_mul", "--impl", "mine", "--candidates", folder, "--cases", to,
                   "--budget", "0.3", "--case", "captured/decode/"});
  EXPECT_TRUE(has(o.out, "in the captured run ")) << o.out << o.err;
  EXPECT_FALSE(has(o.out, "captured/prefill/")) << o.out;
}

TEST(Capture, CasesThatAreNotThereAreSaid) {
  const Folder f;
  const std::string config = tiny_config(f), to = f / "calls";
  Outcome o = start("fk", {"check", "gelu", "--impl", "cpu", "--cases", to});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, to +
                             "/capture.json: not there; `fk-run --config FILE --prompt TEXT "
                             "--capture " +
                             to + "` writes it"))
      << o.err;
  ASSERT_EQ(fk_run({"--config", config, "--prompt", "hello", "--max-tokens", "2", "--device", "cpu",
                    "--quiet", "--capture", to})
                .code,
            0);
  for (const char* command : {"check", "bench"}) {
    o = start("fk", {command, "gelu", "--impl", "cpu", "--cases", to});
    EXPECT_EQ(o.code, 2) << command;
    EXPECT_TRUE(has(o.err, "--cases " + to + ": no call of gelu was captured")) << o.err;
  }
  std::ofstream(to + "/capture.json") << "{\"capture\": 1, \"calls\": 7";
  o = start("fk", {"check", "linear", "--impl", "cpu", "--cases", to});
  EXPECT_EQ(o.code, 2);
  EXPECT_TRUE(has(o.err, to + "/capture.json: no JSON: ")) << o.err;
}

}  // namespace
}  // namespace fk::test
