// SPDX-License-Identifier: Apache-2.0
// `fk results` on stores that the library wrote.
#include <gtest/gtest.h>

#include "core/store/store.hpp"
#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

using store::Measurement;
using store::Store;

struct Results : testing::Test {
  Folder f;
  std::string path = f / "results.db";
  Outcome fk(std::vector<std::string> words) {
    words.insert(words.begin(), "results");
    return start("fk", words, "", {"FK_STORE=" + path});
  }
  std::string add(const std::string& task, const std::string& impl, const std::string& time) {
    Measurement m;
    m.task = task, m.level = 1, m.implementation = impl, m.time = time, m.baseline = "cpu/cpu";
    m.case_id = "llama/decode", m.hash = "beef", m.code = "FAST";
    m.ratio = 1.25, m.ratio_low = 1.2, m.ratio_high = 1.3, m.seconds = 2e-6;
    m.samples = Json::parse("[[0,1e-6,2e-6]]");
    m.seeds = {18446744073709551615ull};
    return Store(path).add(m);
  }
};

TEST_F(Results, ListsFiltersAndShows) {
  const std::string old = add("rms_norm", "mine/fast", "2026-11-01T10:00:00.000Z");
  const std::string young = add("linear", "other/x", "2026-11-02T10:00:00.000Z");
  Outcome o = fk({});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_LT(o.out.find(old.substr(0, 8)), o.out.find(young.substr(0, 8)));
  EXPECT_NE(o.out.find("FAST  1.250x [1.200, 1.300]  2.00 us"), std::string::npos) << o.out;
  auto ids = [&](std::vector<std::string> words) {
    words.push_back("--json");
    std::vector<std::string> out;
    for (const Json& line : fk(words).lines()) out.push_back(line["uuid"]);
    return out;
  };
  EXPECT_EQ(ids({"--task", "linear"}), std::vector<std::string>{young});
  EXPECT_EQ(ids({"--impl", "mine"}), std::vector<std::string>{old});
  EXPECT_EQ(ids({"--since", "2026-11-02"}), std::vector<std::string>{young});
  EXPECT_EQ(ids({"--since", "1m"}), std::vector<std::string>{});
  EXPECT_EQ(ids({"--limit", "1"}), std::vector<std::string>{young});
  EXPECT_EQ(ids({"--case", "llama/", "--hash", "be"}).size(), 2u);
  EXPECT_EQ(ids({"--kind", "verdicts"}).size(), 0u);
  const Json shown = fk({"show", old.substr(0, 8), "--json"}).lines().at(0);
  EXPECT_EQ(shown["samples"], Json::parse("[[0,1e-6,2e-6]]"));
  EXPECT_EQ(fk({"show", old, "--field", "task"}).out, "rms_norm\n");
}

TEST_F(Results, SaysHowToMeasureAgain) {
  const std::string id = add("rms_norm", "mine/fast", "");
  EXPECT_EQ(fk({"rerun", id.substr(0, 8)}).out,
            "fk bench rms_norm --impl mine/fast@beef --against cpu/cpu --case llama/decode --seed "
            "18446744073709551615\n");
  store::RunRecord r;
  r.command = {"fk", "run", "--prompt", "it's me", "--config", "configs/llama.yaml"};
  store::PlanRecord p;
  p.config = "configs/llama.yaml", p.plan = "nodes: []\n";
  const std::string run = Store(path).add(r), plan = Store(path).add(p);
  EXPECT_EQ(fk({"rerun", run}).out, "fk run --prompt 'it'\\''s me' --config configs/llama.yaml\n");
  const std::string name = plan.substr(0, 8);
  EXPECT_EQ(fk({"rerun", plan}).out,
            "fk results show " + name + " --field plan > " + name +
                ".lock.yaml && fk run --config configs/llama.yaml --plan " + name + ".lock.yaml\n");
}

TEST_F(Results, ExportsAndImports) {
  const std::string id = add("rms_norm", "mine/fast", "");
  Store(path).add(store::Verdict{});
  const Json all = Json::parse(fk({"--export", "json"}).out);
  EXPECT_EQ(all["measurements"].size(), 1u);
  EXPECT_EQ(all["measurements"][0]["uuid"], id);
  EXPECT_EQ(all["verdicts"].size(), 1u);
  EXPECT_EQ(all["plans"].size() + all["runs"].size(), 0u);
  const std::string csv = fk({"--export", "csv"}).out;
  EXPECT_TRUE(csv.starts_with("uuid,time,task,")) << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 2);
  EXPECT_NE(csv.find("\"[[0,1e-06,2e-06]]\""), std::string::npos) << csv;

  const std::string other = path;
  path = f / "second.db";
  for (int added : {1, 0}) {
    const Json counts = fk({"import", other, "--json"}).lines().at(0);
    EXPECT_EQ(counts["measurements"]["added"], added);
    EXPECT_EQ(counts["measurements"]["known"], 1 - added);
  }
  EXPECT_EQ(Json::parse(fk({"--export", "json"}).out)["measurements"], all["measurements"]);
}

TEST_F(Results, WrongUsage) {
  Outcome o = fk({});
  EXPECT_EQ(o.code, 3);
  EXPECT_EQ(o.err,
            "fk results: " + path + ": no results store there yet; FK_STORE names another\n");
  add("rms_norm", "mine/fast", "");
  auto refused = [&](const std::vector<std::string>& words, const std::string& message) {
    o = fk(words);
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.err, "fk results: " + message + "\n");
  };
  refused({"--since", "yesterday"},
          "--since yesterday: expected a time in UTC such as 2026-11-21T08:30, or 30m, 12h, 7d");
  refused({"--kind", "plan"},
          "--kind plan: expected measurements, verdicts, plans, runs (did you mean 'plans'?)");
  refused(
      {"--kind", "runs", "--task", "linear"},
      "--kind runs: these have no task, implementation or case; --hash and --since filter them");
  refused({"--export", "xml"}, "--export xml: expected json or csv");
  refused({"shw", "abcd"},
          "cannot shw results (did you mean 'show'?); fk results does show, rerun and import, and "
          "lists without a word");
  EXPECT_EQ(fk({"show", "ffffff"}).code, 3);
}

}  // namespace
}  // namespace fk::test
