// SPDX-License-Identifier: Apache-2.0
// `fk compare` and `fk history` on two versions of a candidate, as its author makes them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/store/store.hpp"
#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* kCase = "llama_decode/bfloat16";

// The candidate that `fk new` writes, and the same with every exponential taken four times: both
// were measured against the reference, then the file of the first was overwritten.
struct Compare : testing::Test {
  static Folder* f;
  static std::string hash[2], id[2];

  static std::string candidates() { return *f / "candidates"; }
  // The tests' common cache has what an earlier test has built.
  static Outcome fk(const std::vector<std::string>& words, std::vector<std::string> more = {}) {
    more.push_back("FK_STORE=" + *f / "r.db");
    return start("fk", words, "", more);
  }
  static std::string version(int i) { return "silu_and_mul:mine@" + hash[i].substr(0, 12); }
  static Outcome compare(std::vector<std::string> words, std::vector<std::string> more = {}) {
    words.insert(words.begin(), "compare");
    words.insert(words.end(), {"--candidates", candidates(), "--budget", "0.5", "--threads", "1"});
    return fk(words, std::move(more));
  }

  static void SetUpTestSuite() {
    f = new Folder;
    fs::create_directories(candidates());
    ASSERT_EQ(fk({"new", "candidate", "silu_and_mul", "mine", "--candidates", candidates()}).code,
              0);
    const std::string file = candidates() + "/silu_and_mul/mine/mine.cpp";
    for (int i : {0, 1}) {
      if (i == 1) make_slow(file);
      const Outcome o =
          fk({"bench", "silu_and_mul", "--impl", "mine", "--against", "reference", "--case", kCase,
              "--candidates", candidates(), "--budget", "0.5", "--threads", "1", "--json"});
      ASSERT_EQ(o.code, 0) << o.out << o.err;
      hash[i] = o.lines().at(0)["candidate_hash"];
      id[i] = o.lines().at(0)["id"];
    }
    ASSERT_NE(hash[0], hash[1]);
  }
  static void TearDownTestSuite() {
    delete f;
    f = nullptr;
  }
  static void make_slow(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    std::string source = text.str();
    const size_t at = source.find("std::exp(-");
    ASSERT_NE(at, source.npos) << source;
    source.replace(at, 10, "slow_exp(-");
    std::ofstream(file)
        << "#include <cmath>\nstatic double slow_exp(double x) {\n  volatile double "
           "v = x;\n  double sum = 0;\n  for (int i = 0; i < 4; ++i) sum += "
           "std::exp(v);\n  return sum / 4;\n}\n"
        << source;
  }
};
Folder* Compare::f = nullptr;
std::string Compare::hash[2], Compare::id[2];

TEST_F(Compare, TakesFromTheStoreWhatItKnows) {
  const Outcome o = compare({version(0), version(1), "--case", kCase, "--no-measure", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json all = o.lines().at(0), row = all["cases"].at(0);
  EXPECT_EQ(all["first"]["hash"], hash[0]);
  EXPECT_EQ(all["second"]["hash"], hash[1]);
  EXPECT_EQ(row["how"], "against reference/reference");
  EXPECT_EQ(row["ids"], Json::array({id[0], id[1]}));
  EXPECT_EQ(row["code"], "SLOW") << row.dump();
  EXPECT_LT(row["speedup"]["median"].get<double>(), 0.9);
  const Json turned =
      compare({version(1), version(0), "--case", kCase, "--no-measure", "--json"}).lines().at(0);
  EXPECT_NEAR(turned["cases"][0]["speedup"]["median"].get<double>() *
                  row["speedup"]["median"].get<double>(),
              1, 1e-9);
  EXPECT_EQ(turned["cases"][0]["code"], "FAST");
}

TEST_F(Compare, MeasuresWhatTheStoreLacksAndThenKnowsIt) {
  const std::string other = "llama_prefill/bfloat16";
  std::vector<std::string> words = {version(0), version(1), "--case", other, "--json"};
  Outcome o = compare(words);
  ASSERT_EQ(o.code, 0) << o.err;
  const Json row = o.lines().at(0)["cases"].at(0);
  EXPECT_EQ(row["how"], "measured now") << row.dump();
  EXPECT_EQ(row["code"], "SLOW") << row.dump();
  words.push_back("--no-measure");
  const Json known = compare(words).lines().at(0)["cases"].at(0);
  EXPECT_EQ(known["how"], "direct");
  EXPECT_EQ(known["ids"], row["ids"]);
  EXPECT_EQ(known["speedup"], row["speedup"]);
}

TEST_F(Compare, ShowsPeopleATableAndAPicture) {
  const std::string svg = *f / "plot.svg";
  const Outcome o =
      compare({version(0), version(1), "--case", kCase, "--no-measure", "--svg", svg});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("how much faster mine/"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("#|"), std::string::npos) << o.out;  // slower: a bar to the left
  EXPECT_NE(o.out.find(id[0].substr(0, 8) + " " + id[1].substr(0, 8)), std::string::npos) << o.out;
  std::ifstream in(svg);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(text.str().starts_with("<svg ")) << text.str();
  EXPECT_NE(text.str().find("class=\"slower\""), std::string::npos);
}

// The version that was overwritten comes out of the cache.
TEST_F(Compare, AnOldVersionIsMeasuredAgain) {
  std::istringstream line(fk({"results", "rerun", id[0]}).out);
  std::vector<std::string> words;
  for (std::string w; line >> w;) words.push_back(w);
  ASSERT_GT(words.size(), 4u);
  words.erase(words.begin());
  words.insert(words.end(), {"--budget", "0.3", "--json", "--no-store"});
  const Outcome o = fk(words);
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  EXPECT_EQ(o.lines().at(0)["candidate_hash"], hash[0]);
}

TEST_F(Compare, InAModel) {
  const std::string config = tiny_config(*f);
  const Outcome o = compare({version(0), version(1), "--case", kCase, "--no-measure", "--config",
                             config, "--device", "cpu", "--workload", "2x16/4", "--where",
                             "decode@*mlp*", "--builds", "2", "--rounds", "5", "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const Json model = o.lines().at(0)["model"];
  ASSERT_EQ(model["samples"].size(), 2u);
  EXPECT_EQ(model["samples"][1].size(), 5u);
  EXPECT_GT(model["prefill"]["median"].get<double>(), 0);
  EXPECT_LE(model["prefill"]["low"].get<double>(), model["prefill"]["high"].get<double>());
  const auto run = std::get<store::RunRecord>(store::Store(*f / "r.db").get(model["id"]));
  EXPECT_EQ(run.record["model"]["samples"], model["samples"]);
}

// How far luck goes: no case, and a model beside itself.
TEST_F(Compare, AModelBesideItself) {
  const Outcome o = compare({version(0), version(0), "--config", tiny_config(*f), "--device", "cpu",
                             "--workload", "1x16/4", "--builds", "3", "--rounds", "3", "--json"});
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const Json all = o.lines().at(0);
  EXPECT_TRUE(all["cases"].empty()) << all["cases"];
  EXPECT_EQ(all["model"]["samples"].size(), 3u);
}

// A plan of pins, beside the baselines.
TEST_F(Compare, TwoPlans) {
  const std::string config = tiny_config(*f), plan = *f / "pins.yaml";
  const Outcome saved = fk({"run", "--config", config, "--candidates", candidates(), "--device",
                            "cpu", "--pin", "silu_and_mul=mine", "--dry", "--save-plan", plan});
  ASSERT_EQ(saved.code, 0) << saved.err;
  std::vector<std::string> words = {"baseline", plan,         "--config", config,     "--device",
                                    "cpu",      "--workload", "1x16/4",   "--builds", "3",
                                    "--rounds", "3",          "--json"};
  const Outcome o = compare(words);
  ASSERT_EQ(o.code, 0) << o.out << o.err;
  const Json all = o.lines().at(0);
  EXPECT_EQ(all["second"]["plan"], plan);
  EXPECT_EQ(all["model"]["samples"].size(), 3u);
  const auto run = std::get<store::RunRecord>(store::Store(*f / "r.db").get(all["model"]["id"]));
  EXPECT_EQ(run.record["model"]["samples"], all["model"]["samples"]);
  EXPECT_NE(compare({plan, version(0), "--config", config}).err.find("a plan is compared with"),
            std::string::npos);
  EXPECT_NE(compare({plan, "baseline"}).err.find("say which with --config"), std::string::npos);
}

TEST_F(Compare, SaysWhatIsMissingAndWhy) {
  Outcome o = compare({version(0), "silu_and_mul:mine@ffff"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("no version ffff of mine is there for silu_and_mul, in the folders of "
                       "plugins or in the cache; the store has no measurement of it either"),
            std::string::npos)
      << o.err;
  // Known to the store, and its file is gone: what was measured is known, the rest cannot be.
  o = compare({version(0), version(1), "--json"}, {"FK_CACHE_DIR=" + *f / "another cache"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json all = o.lines().at(0);
  size_t missing = 0;
  for (const Json& row : all["cases"]) {
    if (row["case"] == kCase) { EXPECT_TRUE(row.contains("speedup")) << row; }
    missing += row.value("missing", "").find("cannot be run: no version") != std::string::npos;
  }
  EXPECT_GE(missing, 1u) << o.out;
  o = compare({version(0), version(0)});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("with --config a model of it runs beside itself"), o.err.npos) << o.err;
  EXPECT_EQ(compare({version(0), "rms_norm:cpu"}).code, 2);
  EXPECT_NE(compare({version(0), "mine"}).err.find("expected TASK:plugin"), std::string::npos);
}

TEST_F(Compare, HistoryShowsTheVersionsAsTheyCame) {
  ASSERT_EQ(fk({"check", "silu_and_mul", "--impl", "mine", "--candidates", candidates(), "--case",
                "odd/float32", "--quiet"})
                .code,
            0);
  const Outcome o = fk({"history", "silu_and_mul", "--impl", "mine", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json versions = o.lines().at(0)["implementations"].at(0)["versions"];
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0]["hash"], hash[0]);
  EXPECT_EQ(versions[1]["hash"], hash[1]);
  EXPECT_LT(versions[0]["first_seen"], versions[1]["first_seen"]);
  EXPECT_FALSE(versions[0].contains("verdict"));
  EXPECT_TRUE(versions[1]["verdict"]["passed"].get<bool>());
  EXPECT_GT(versions[0]["speed"].get<double>(), versions[1]["speed"].get<double>());
  const Outcome people = fk({"history", "silu_and_mul"});
  EXPECT_LT(people.out.find(hash[0].substr(0, 8)), people.out.find(hash[1].substr(0, 8)));
  EXPECT_NE(people.out.find("PASS"), std::string::npos) << people.out;
  EXPECT_NE(people.out.find("█▁"), std::string::npos) << people.out;
  EXPECT_EQ(fk({"history", "rms_norm"}).code, 3);
}

}  // namespace
}  // namespace fk::test
