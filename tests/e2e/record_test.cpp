// SPDX-License-Identifier: Apache-2.0
// What fk check, fk bench and fk bench model leave in the store, and that it can be taken again.
#include <gtest/gtest.h>

#include <sstream>

#include "core/store/store.hpp"
#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

using store::Measurement;
using store::RunRecord;
using store::Store;
using store::Verdict;

struct Recorded : testing::Test {
  Folder f;
  std::string path = f / "results.db";
  std::string evil = std::string(FK_BUILD_DIR) + "/corpus/evil/s5_one_element";

  Outcome fk(const std::vector<std::string>& words) const {
    return start("fk", words, "", {"FK_STORE=" + path});
  }
  // Runs what `fk results rerun` prints, and `more`.
  Outcome again(const std::string& id, const std::vector<std::string>& more) const {
    std::istringstream line(fk({"results", "rerun", id}).out);
    std::vector<std::string> words;
    for (std::string w; line >> w;) words.push_back(w);
    EXPECT_FALSE(words.empty());
    words.erase(words.begin());
    words.insert(words.end(), more.begin(), more.end());
    return fk(words);
  }
};

TEST_F(Recorded, ACheckIsInTheStoreAndRepeatable) {
  const Outcome o =
      fk({"check", "silu_and_mul", "--impl", "s5_one_element", "--candidates", evil, "--json"});
  ASSERT_EQ(o.code, 1) << o.err;
  const Json first = o.lines().at(0);
  const auto verdict = std::get<Verdict>(Store(path).get(first["id"]));
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.hash, first["hash"].get<std::string>());
  EXPECT_EQ(verdict.seeds, first["seeds"]);
  const Outcome second = again(first["id"], {"--candidates", evil, "--json"});
  ASSERT_EQ(second.code, 1) << second.out << second.err;
  Json a = first["cases"], b = second.lines().at(0)["cases"];
  ASSERT_EQ(a.size(), b.size());
  for (Json* cases : {&a, &b})
    for (Json& c : *cases) c.erase("seconds");
  EXPECT_EQ(a, b);
  // Numbers that somebody chose make another set of cases.
  const auto known = Store(path).find<Verdict>();
  ASSERT_EQ(known.size(), 2u);
  EXPECT_NE(known[0].case_set, known[1].case_set);
}

TEST_F(Recorded, ABenchIsInTheStoreAndRepeatable) {
  const Outcome o =
      fk({"bench", "silu_and_mul", "--impl", "cpu", "--against", "reference", "--case",
          "llama_decode/bfloat16", "--budget", "0.3", "--threads", "1", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json first = o.lines().at(0);
  const auto m = std::get<Measurement>(Store(path).get(first["id"]));
  EXPECT_EQ(m.case_id, "llama_decode/bfloat16");
  EXPECT_EQ(m.ratio, first["speedup"]["median"].get<double>());
  EXPECT_EQ(m.samples, first["samples"]);
  EXPECT_TRUE(m.device.ends_with(", 1 thread")) << m.device;
  EXPECT_FALSE(m.harness.empty());
  const Outcome second = again(first["id"], {"--budget", "0.3", "--json"});
  ASSERT_EQ(second.code, 0) << second.out << second.err;
  const Json r = second.lines().at(0);
  EXPECT_EQ(r["seeds"], first["seeds"]);
  for (const char* same : {"case", "candidate_hash", "baseline_hash"})
    EXPECT_EQ(r[same], first[same]);
  const auto all = Store(path).find<Measurement>();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].device, all[1].device);
  EXPECT_EQ(all[0].init, all[1].init);
}

TEST_F(Recorded, PeopleSeeTheShortId) {
  const Outcome o =
      fk({"check", "silu_and_mul", "--impl", "cpu", "--case", "odd/float32", "--quiet"});
  ASSERT_EQ(o.code, 0) << o.err;
  const std::string id = Store(path).find<Verdict>().at(0).uuid.substr(0, 8);
  EXPECT_NE(o.out.find(", id " + id + "\n"), std::string::npos) << o.out;
}

TEST_F(Recorded, AModelsLoadIsARun) {
  const std::string config = tiny_config(f);
  const Outcome o = fk({"bench", "model", "--config", config, "--device", "cpu", "--workload",
                        "prefill:8", "--repeats", "1", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json all = o.lines().at(0);
  const auto run = std::get<RunRecord>(Store(path).get(all["id"]));
  EXPECT_EQ(run.config, config);
  EXPECT_EQ(run.plan_hash, all["provenance"]["plan_hash"].get<std::string>());
  EXPECT_EQ(run.record["workloads"], all["workloads"]);
  EXPECT_EQ(again(run.uuid, {}).code, 0);
  EXPECT_EQ(Store(path).find<RunRecord>().size(), 2u);
}

TEST_F(Recorded, WhereNothingCanBeWrittenTheWorkIsDone) {
  const std::vector<std::string> words = {"check",  "silu_and_mul", "--impl", "cpu",
                                          "--case", "odd/float32",  "--json"};
  Outcome o = start("fk", words, "", {"FK_STORE=/proc/none/r.db"});
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.err.find("nothing is recorded: /proc/none/r.db"), std::string::npos) << o.err;
  EXPECT_FALSE(o.lines().at(0).contains("id"));
  std::vector<std::string> named = words;
  named.insert(named.end(), {"--store", "/proc/none/r.db"});
  o = fk(named);
  EXPECT_EQ(o.code, 3) << o.err;
  EXPECT_TRUE(o.out.empty());
  named = words;
  named.push_back("--no-store");
  EXPECT_EQ(fk(named).code, 0);
  EXPECT_FALSE(std::filesystem::exists(path));
  named.back() = "--store";
  named.push_back(f / "other.db");
  EXPECT_EQ(fk(named).code, 0);
  EXPECT_EQ(Store(f / "other.db").find<Verdict>().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Recorded, AChatIsNobodysMeasurement) {
  const std::string config = tiny_config(f);
  std::vector<std::string> words = {"run",      "--config", config,         "--device", "cpu",
                                    "--prompt", "Hi",       "--max-tokens", "2",        "--json"};
  ASSERT_EQ(fk(words).code, 0);
  EXPECT_FALSE(std::filesystem::exists(path));
  words.insert(words.end(), {"--store", path});
  const Outcome o = fk(words);
  ASSERT_EQ(o.code, 0) << o.err;
  const Json summary = o.lines().at(1)["summary"];
  const auto run = std::get<RunRecord>(Store(path).get(summary["id"]));
  EXPECT_EQ(run.record["generated_tokens"], summary["generated_tokens"]);
  EXPECT_EQ(run.command.at(1), "run");
}

}  // namespace
}  // namespace fk::test
