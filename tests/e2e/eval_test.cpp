// SPDX-License-Identifier: Apache-2.0
// `fk eval` on a small random llama whose baselines are the reference's slow loops, and on
// candidates whose worth is known.
#include <cmath>
#include <regex>

#include "tests/e2e/planting.hpp"

namespace fk::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Evaluating : Planting {
  std::string scenario = f.write(
      "scenario.yaml",
      "scenario: planted\n"
      "models:\n"
      "  wide:\n"
      "    config: wide.yaml\n"
      "    workloads: [1x24/8]\n"
      "    metric: {logits: 1, perplexity: {text: text.txt, tokens: 24, tolerance: 0.001}}\n");

  Evaluating() { f.write("text.txt", "A kernel is a small program that runs many times."); }

  Outcome eval(std::vector<std::string> more) {
    more.insert(more.begin(), {"eval", "--scenario", scenario, "--candidates", candidates,
                               "--threads", "1", "--budget", "0.5", "--proof-budget", "0.5"});
    return start("fk", more, "", environment);
  }
};

void numbers_of(const Json& j, std::vector<double>& to) {
  if (j.is_number()) to.push_back(j.get<double>());
  if (j.is_structured())
    for (const auto& [key, value] : j.items()) numbers_of(value, to);
}

// Every number with a point in it that the sheet shows, and which the record has not, rounded alike
// or as a share in percent.
std::vector<std::string> not_in(const Json& record, const std::string& sheet) {
  std::vector<double> known;
  numbers_of(record, known);
  std::vector<std::string> out;
  const std::regex number(R"((^|[ \[,])(-?\d+\.(\d+))(?=$|[ \],x;:]))");
  for (std::sregex_iterator at(sheet.begin(), sheet.end(), number), end; at != end; ++at) {
    const double shown = std::stod((*at)[2]),
                 half = 0.5001 * std::pow(10, -double((*at)[3].length()));
    bool found = has(record.dump(), (*at)[2]);  // in a text
    for (double k : known)
      found = found || std::abs(k - shown) <= half || std::abs(100 * k - shown) <= half;
    if (!found) out.push_back((*at)[2]);
  }
  return out;
}

TEST_F(Evaluating, AFastCandidateRaisesTheScore) {
  plant("fast", "linear", "FAST");
  Outcome o = eval({"--policy", "candidate:fast", "--json"});
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  const Json r = o.lines().at(0), &m = r["models"][0];
  EXPECT_GT(m["score"]["score"].get<double>(), 100) << m;
  EXPECT_LE(m["score"]["score"].get<double>(), m["score"]["high"].get<double>());
  EXPECT_NEAR(m["score"]["pass"].get<double>(), 1, 1e-9);
  EXPECT_NEAR(m["score"]["coverage"].get<double>(), 1, 1e-9);
  EXPECT_NEAR(r["total"]["score"]["score"].get<double>(), m["score"]["score"].get<double>(), 1e-9);
  EXPECT_GT(m["other_share"].get<double>(), 0.5);
  EXPECT_LT(m["other_share"].get<double>(), 1) << m;
  EXPECT_NEAR(m["score"]["fast_1"].get<double>(), m["other_share"].get<double>(), 1e-9) << m;
  size_t theirs = 0;
  double weights = 0;
  for (const Json& p : m["parts"]) {
    weights += p["weight"].get<double>();
    if (p["task"] != "linear") {
      EXPECT_EQ(p["code"], "=") << p;
      continue;
    }
    EXPECT_EQ(p["implementation"], "fast/planted");
    EXPECT_EQ(p["baseline"], "reference/reference");
    EXPECT_GT(p["ratio"][0].get<double>(), 1) << p;
    EXPECT_EQ(p["ids"].size(), 2u) << p;
    ++theirs;
  }
  EXPECT_EQ(theirs, 10u) << m;  // five sizes, in prefill and decode
  EXPECT_NEAR(weights, 1, 1e-9);
  EXPECT_TRUE(m["in_place"]["workloads"][0]["measured"].get<bool>());
  EXPECT_EQ(m["in_place"]["speedup"].size(), 3u);
  ASSERT_EQ(m["metrics"].size(), 2u);
  EXPECT_EQ(m["metrics"][0]["name"], "logits");
  EXPECT_EQ(m["metrics"][1]["name"], "perplexity");
  EXPECT_NEAR(m["metrics"][1]["perplexity"].get<double>(),
              m["metrics"][1]["baseline_perplexity"].get<double>(), 1);
  EXPECT_TRUE(r["passed"].get<bool>());

  // A plan of these choices is worth the same.
  o = start("fk-run",
            {"--config", config, "--candidates", candidates, "--policy", "candidate:fast", "--dry",
             "--save-plan", f / "fast.yaml"},
            "", environment);
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  o = eval({"--plan", f / "fast.yaml", "--json"});
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  EXPECT_EQ(o.lines().at(0)["models"][0]["score"], m["score"]);
  EXPECT_EQ(o.lines().at(0)["measured"], 0);

  // For people, out of the store: what it says stands in the record, which says how to do it again.
  o = eval({"--policy", "candidate:fast"});
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  EXPECT_TRUE(has(o.out, "0 judged, 0 measured, ")) << o.out;
  EXPECT_TRUE(has(o.out, "linear passed: x ")) << o.out;
  EXPECT_TRUE(has(o.out, "perplexity passed: ")) << o.out;
  const std::string id = o.out.substr(o.out.rfind(" id ") + 4, 8);
  const Outcome shown = start("fk", {"results", "show", id, "--field", "record"}, "", environment);
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(not_in(Json::parse(shown.out), o.out), std::vector<std::string>())
      << o.out << shown.out;
  const Outcome again = start("fk", {"results", "rerun", id}, "", environment);
  EXPECT_TRUE(again.out.starts_with("fk eval --scenario " + scenario + " ")) << again.out;
}

TEST_F(Evaluating, AWrongCandidateFailsItsTaskAndTheModel) {
  plant("wrong", "linear", "WRONG");
  Outcome o = eval({"--policy", "candidate:wrong", "--json"});
  EXPECT_EQ(o.code, 1) << o.err;
  const Json r = o.lines().at(0), &m = r["models"][0];
  EXPECT_FALSE(r["passed"].get<bool>());
  EXPECT_LT(m["score"]["pass"].get<double>(), 1) << m;
  EXPECT_LT(m["score"]["score"].get<double>(), 100) << m;
  EXPECT_EQ(m["in_place"]["score"], 0.0);
  EXPECT_TRUE(has(m["not_run"], "linear wrong/planted: wrong at case ")) << m;
  o = eval({"--pin", "linear=wrong"});
  EXPECT_EQ(o.code, 1) << o.err;
  EXPECT_TRUE(has(o.out, "linear failed: ")) << o.out;
  EXPECT_TRUE(has(o.out, "not run, linear wrong/planted: wrong at case ")) << o.out;
  EXPECT_TRUE(has(o.out, "\nFAILED; 0 judged, ")) << o.out;
  // Who looks for the best leaves it out, and says so.
  o = eval({"--json"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.err, "wide: linear wrong/planted not adopted: wrong at case ")) << o.err;
  EXPECT_NEAR(o.lines().at(0)["total"]["score"]["score"].get<double>(), 100, 1e-9) << o.out;
}

TEST_F(Evaluating, TheBaselinesAreExactlyParity) {
  const Outcome o = eval({"--policy", "baseline", "--json", "--no-store"});
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  const Json r = o.lines().at(0);
  for (const char* of : {"score", "in_place"}) {
    const Json& s = r["total"][of];
    // As exactly as shares of one add up to one.
    for (const char* field : {"score", "middle", "high", "sol"})
      EXPECT_NEAR(s[field].get<double>(), 100, 1e-9) << of << s;
    for (const char* field : {"speed", "pass", "coverage"})
      EXPECT_NEAR(s[field].get<double>(), 1, 1e-9) << of << s;
    EXPECT_EQ(s["fast_1"], 0.0);
  }
  EXPECT_EQ(r["judged"], 0);
  EXPECT_EQ(r["measured"], 0);
  EXPECT_EQ(r["models"][0]["other_share"], 0.0);
  EXPECT_TRUE(r["models"][0]["metrics"][0]["passed"].get<bool>()) << r;
  EXPECT_FALSE(r.contains("id"));
}

TEST_F(Evaluating, MistakesAreSaid) {
  const auto error = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"eval", "--candidates", candidates});
    const Outcome o = start("fk", words, "", environment);
    return std::to_string(o.code) + " " + o.err;
  };
  EXPECT_EQ(error({"--scenario", scenario, "--policy", "best", "--pin", "linear=x"}),
            "2 fk eval: --policy best and --pin: give --pin alone, or over candidate:NAME\n");
  EXPECT_EQ(error({"--scenario", scenario, "--model", "wid"}),
            "2 fk eval: --model wid: " + scenario +
                " has no such model (did you mean 'wide'?); it has wide\n");
  const std::string two = f.write("two.yaml",
                                  "scenario: two\nmodels:\n  a: {config: wide.yaml}\n"
                                  "  b: {config: wide.yaml}\n");
  EXPECT_EQ(error({"--scenario", two, "--plan", "p.yaml"}),
            "2 fk eval: --plan p.yaml: a plan is of one model; say with --model which: a, b\n");
  EXPECT_EQ(
      error({"--scenario", f.write("bad.yaml", "scenario: bad\nmodels:\n  a: {konfig: x}\n")}),
      "2 fk eval: " + (f / "bad.yaml") +
          ":3:7: unknown key \"konfig\" in a model of a scenario, expected one of: config, "
          "weight, workloads, tasks, metric (did you mean 'config'?)\n");
  EXPECT_TRUE(has(error({"--scenario", scenario, "--policy", "candidate:gone"}),
                  "2 fk eval: policy \"candidate:gone\": no implementation of any task is called "
                  "that"));
}

// What CI runs of the scenarios, an encoder among them.
TEST(Scenarios, CpuSmallIsParityForItsBaselines) {
  const Outcome o = start(
      "fk", {"eval", "--scenario", "scenarios/cpu_small.yaml", "--policy", "baseline", "--json"});
  ASSERT_EQ(o.code, 0) << o.err << o.out;
  const Json r = o.lines().at(0);
  ASSERT_EQ(r["models"].size(), 2u);
  EXPECT_EQ(r["families"].size(), 2u);
  EXPECT_NEAR(r["total"]["score"]["score"].get<double>(), 100, 1e-9);
  const Json& metrics = r["models"][1]["metrics"];
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0]["name"], "cosine");
  EXPECT_GT(metrics[0]["value"].get<double>(), 0.9999);
  EXPECT_EQ(metrics[1]["name"], "ranking");
  EXPECT_EQ(metrics[1]["order"][0], 1);  // the dog is nearest to the cat
}

}  // namespace
}  // namespace fk::test
