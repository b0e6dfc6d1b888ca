// SPDX-License-Identifier: Apache-2.0
// `fk resolve` and the policy best on a small random llama: what is tried in the whole model, and
// what is remembered of it.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "core/base/sanitized.hpp"
#include "core/store/store.hpp"
#include "tests/e2e/resolved_model.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

struct Resolving : ResolvedModel {
  // Another store with the same records, but as if the Judge had found the product of down_proj to
  // be so much faster than the baseline's, give or take a hundredth.
  void say_of_down_proj(const char* code, double ratio) {
    store::Store from(store);
    store = f / "undecided.db";
    environment = {"FK_PLUGINS=" + (f / "plugins"), "FK_STORE=" + store};
    store::Store to(store);
    for (store::Verdict v : from.find<store::Verdict>({})) v.uuid.clear(), to.add(v);
    for (store::Measurement m : from.find<store::Measurement>({})) {
      m.uuid.clear();
      if (has(m.init, "\"in_features\":256,"))
        m.code = code, m.ratio = ratio, m.ratio_low = ratio - 0.01, m.ratio_high = ratio + 0.01;
      to.add(m);
    }
  }
  static Json finding_of_down_proj(const Json& result) {
    for (const Json& x : result["findings"])
      if (has(x["path"], "down_proj")) return x;
    ADD_FAILURE() << result;
    return {{"chosen", false}, {"reason", ""}, {"kept_out", ""}};
  }
  // How often something was tried in the whole model, by what the store has.
  size_t trials() const {
    size_t count = 0;
    for (const store::PlanRecord& r : store::Store(store).find<store::PlanRecord>({}))
      count += r.reasons.contains("beside");
    return count;
  }
};

TEST_F(Resolving, WhatCannotBeToldApartAloneIsTriedInPlace) {
  plant("fast", "linear", "FAST");
  ASSERT_TRUE(resolve().is_object());
  say_of_down_proj("AMBG", 1);
  const Json r = resolve();
  EXPECT_EQ(r["measured"], 0) << r;
  Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(down["reason"], ", in place ")) << r;
  for (const auto& [path, implementation] : locked("linear"))
    EXPECT_EQ(implementation, "fast/planted") << path;
  // And that is remembered.
  const Json again = resolve();
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]) << again;
  EXPECT_TRUE(again["proven_before"].get<bool>()) << again;
  EXPECT_TRUE(finding_of_down_proj(again)["chosen"].get<bool>()) << again;
}

TEST_F(Resolving, WhatDoesNotPayInPlaceEitherIsNotPicked) {
  plant("crowded", "linear", "CROWDED");
  ASSERT_TRUE(resolve().is_object());
  say_of_down_proj("AMBG", 1);
  const Json r = resolve();
  if (core::kSanitized) return;  // faster in place, too, than a reference under a sanitizer
  const Json down = finding_of_down_proj(r);
  EXPECT_FALSE(down["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(down["kept_out"], "not certainly faster alone (")) << r;
  EXPECT_TRUE(has(down["kept_out"], ", nor in place: with it against without 0.")) << r;
  EXPECT_EQ(resolve()["plan_hash"], r["plan_hash"]);
}

// Alone a call has nothing to overlap with.
TEST_F(Resolving, WhatIsALittleSlowerAloneIsTriedInPlace) {
  plant("fast", "linear", "FAST");
  ASSERT_TRUE(resolve().is_object());
  say_of_down_proj("SLOW", 0.95);
  const Json r = resolve();
  const Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(down["reason"], ", in place ")) << r;
}

TEST_F(Resolving, WhatIsMuchSlowerAloneIsNotTried) {
  plant("fast", "linear", "FAST");
  ASSERT_TRUE(resolve().is_object());
  say_of_down_proj("SLOW", 0.8);
  const Json down = finding_of_down_proj(resolve());
  EXPECT_FALSE(down["chosen"].get<bool>()) << down;
  EXPECT_FALSE(has(down["reason"], "in place")) << down;
}

// The baseline of prompts that alone takes less time than the one of steps, there too, and in the
// model more: that it stands first for prompts does not spare it the proof.
TEST_F(Resolving, ABaselineOfTheOtherPhaseThatLosesInPlaceIsDropped) {
  plant_baseline("crowded", "linear", "CROWDED");
  plant_baseline("steps", "linear", "SLOW_PROMPTS", "-O1");
  plant("slow", "linear", "SLOW_STEPS", "-DPLANTED_SLOW_PROMPTS");  // or nothing is to be resolved
  f.write("plugins/order.yaml", "decode: {linear: [steps]}\nprefill: {linear: [crowded]}\n");
  const Json r = resolve();
  if (core::kSanitized) return;
  EXPECT_TRUE(has(r.dump(), "faster alone (decode ")) << r;
  EXPECT_TRUE(has(r.dump(), "not in place: ")) << r;
  std::ifstream in(lock);
  size_t layers = 0;
  for (std::string line; std::getline(in, line);) {
    if (!has(line, "\"model.layers.") || !has(line, "task: linear,")) continue;
    EXPECT_TRUE(has(line, "implementation: \"crowded/planted\"")) << line;
    EXPECT_TRUE(has(line, "decode: \"steps/planted\"")) << line;
    ++layers;
  }
  EXPECT_GE(layers, 4u);
}

TEST_F(Resolving, ABaselineOfTheOtherPhaseThatPaysInPlaceIsPicked) {
  plant_baseline("prompts", "linear", "FAST");
  plant_baseline("steps", "linear", "SLOW_PROMPTS", "-O0");
  f.write("plugins/order.yaml", "decode: {linear: [steps]}\nprefill: {linear: [prompts]}\n");
  plant("slow", "linear", "SLOW_STEPS", "-DPLANTED_SLOW_PROMPTS");
  const Json r = resolve();
  if (core::kSanitized) return;
  std::ifstream in(lock);
  size_t picked = 0;  // the largest product at least
  for (std::string line; std::getline(in, line);)
    picked += has(line, "\"model.layers.") && has(line, "task: linear,") &&
              has(line, "implementation: \"prompts/planted\"") && !has(line, "decode: \"");
  EXPECT_GE(picked, 2u) << r;
}

// Beside what the project has for this processor: measured, and a verdict asked of nobody.
TEST_F(Resolving, ABaselineThatIsMuchSlowerIsNotJudged) {
  plant_baseline("slow", "linear", "SLOW_STEPS", "-DPLANTED_SLOW_PROMPTS");
  fs::copy(FK_BUILD_DIR "/plugins/cpu", f / "plugins/cpu", fs::copy_options::recursive);
  f.write("plugins/order.yaml", "decode: {linear: [cpu]}\nprefill: {linear: [cpu]}\n");
  const Json r = resolve();
  EXPECT_GT(r["measured"], 0) << r;
  EXPECT_EQ(r["judged"], 0) << r;
  EXPECT_TRUE(r["is_baseline"].get<bool>()) << r;
}

// Of the prompt's 24 rows every product of a layer; a step's one row is not.
const std::vector<std::string> kPromptsAreTooLarge = {"--largest-case", "200000"};

TEST_F(Resolving, WhatIsTooLargeToBeJudgedIsTriedInPlace) {
  plant("fast", "linear", "FAST");
  const Json r = resolve(kPromptsAreTooLarge);
  const Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_FALSE(down.contains("phase")) << "it is for both: " << down;
  EXPECT_TRUE(has(down["reason"], "prefill too large to be judged alone, decode ")) << down;
  EXPECT_TRUE(has(down["reason"], ", in place for prefill ")) << down;
  EXPECT_TRUE(down["alone"][0].is_null()) << "nobody measured it: " << down;
  EXPECT_GT(down["alone"][1].get<double>(), 1) << down;
  EXPECT_GT(r["gain"]["prefill"][0].get<double>(), 1) << r;
  EXPECT_GT(r["predicted"][0].get<double>(), 1) << r;
  std::ifstream in(lock);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(has(text, "best: prefill too large to be judged alone, decode ")) << text;
  store::Store results(store);
  for (const store::Measurement& m : results.find<store::Measurement>({}))
    EXPECT_FALSE(has(m.case_id, "captured/prefill/n=24")) << m.case_id;
  // And that is remembered.
  const size_t tried = trials();
  EXPECT_GE(tried, 1u);
  const Json again = resolve(kPromptsAreTooLarge);
  EXPECT_EQ(again["judged"], 0) << again;
  EXPECT_EQ(again["measured"], 0) << again;
  EXPECT_TRUE(again["proven_before"].get<bool>()) << again;
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]) << again;
  EXPECT_EQ(trials(), tried);
}

TEST_F(Resolving, WhatIsTooLargeAndSlowInPlaceIsTriedOnceAndDroppedForThatPhase) {
  plant("steps", "linear", "SLOW_PROMPTS");
  const Json r = resolve(kPromptsAreTooLarge);
  if (core::kSanitized) return;  // what is planted is built without: nothing is comparable
  const Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_EQ(down["phase"], "decode") << down;
  EXPECT_TRUE(has(down["reason"],
                  "not known to be faster alone (prefill too large to be judged alone), nor in "
                  "place: with it for prefill against without 0."))
      << down;
  EXPECT_TRUE(has(down["reason"], ", given up after 2 rounds")) << down;
  for (const auto& [path, implementation] : locked("linear"))
    if (path.starts_with("model.layers.")) {
      EXPECT_EQ(implementation, "reference/reference") << path;
    }
  EXPECT_EQ(trials(), 4u) << r;
  const Json again = resolve(kPromptsAreTooLarge);
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]) << again;
  EXPECT_EQ(finding_of_down_proj(again)["reason"], down["reason"]);
  EXPECT_EQ(trials(), 4u) << again;
}

TEST_F(Resolving, WhatIsSlowerInDecodeIsStillTriedForAPromptTooLarge) {
  plant("prompts", "linear", "SLOW_STEPS");
  const Json r = resolve(kPromptsAreTooLarge);
  const Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_EQ(down["phase"], "prefill") << down;
  EXPECT_TRUE(has(down["reason"], ", in place for prefill ")) << down;
}

TEST_F(Resolving, WhatIsWrongIsNotTriedWhateverItsSize) {
  plant("wrong", "linear", "WRONG");
  const Json r = resolve({"--largest-case", "1"});
  EXPECT_TRUE(r["is_baseline"].get<bool>()) << r;
  EXPECT_TRUE(has((*finding(r, "wrong/planted"))["reason"], "wrong at case ")) << r;
  EXPECT_EQ(trials(), 0u);
}

TEST_F(Resolving, WhatIsWrongAtASizeThatNobodyJudgedIsNotPicked) {
  plant("prompts", "linear", "WRONG_PROMPTS");
  const Json r = resolve(kPromptsAreTooLarge);
  const Json down = finding_of_down_proj(r);
  EXPECT_FALSE(down["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(down["kept_out"], "wrong in the whole model: ")) << down;
  EXPECT_TRUE(has(down["kept_out"], "against the baselines, after the workload's prompts")) << down;
  EXPECT_EQ(resolve(kPromptsAreTooLarge)["plan_hash"], r["plan_hash"]);
}

// Each is held against what is best by then, and joins where it beats that.
TEST_F(Resolving, OfTwoThatAreTooLargeTheFasterIsPicked) {
  plant("a_fair", "linear_silu_and_mul", "FAIR");
  plant("b_fast", "linear_silu_and_mul", "FAST", "-march=native");
  const Json r = resolve({"--largest-case", "1"});
  if (core::kSanitized) return;  // what is planted is built without: nothing is comparable
  ASSERT_TRUE(finding(r, "b_fast/planted")) << r;
  const Json& fast = *finding(r, "b_fast/planted");
  EXPECT_TRUE(fast["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(fast["reason"],
                  "prefill too large to be judged alone, decode too large to be "
                  "judged alone, in place 1."))
      << fast;
  EXPECT_EQ(r["measured"], 0) << r;
  EXPECT_EQ(trials(), 2u) << r;
  const Json again = resolve({"--largest-case", "1"});
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]) << again;
  EXPECT_EQ(trials(), 2u) << again;
}

TEST_F(Resolving, ARunAdoptsWhatIsNewAndSaysWhatItGained) {
  plant("fast", "linear", "FAST");
  // There is no store yet: nobody asked for more than the baselines.
  Outcome o = run();
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_FALSE(has(o.err, "adopted")) << o.err;
  const Json plain = o.lines().back()["summary"]["plan_hash"];
  o = run({"--policy", "best"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.err, "best: linear fast/planted adopted: ")) << o.err;
  EXPECT_TRUE(has(o.err, "best: adopted, the model +")) << o.err;
  const Json best = o.lines().back()["summary"]["plan_hash"];
  EXPECT_NE(best, plain);
  // From now on it is what a run does, and it need not be measured again.
  o = run();
  EXPECT_TRUE(has(o.err, "adopted: ")) << o.err;
  EXPECT_FALSE(has(o.err, " judged, ")) << o.err;
  EXPECT_EQ(o.lines().back()["summary"]["plan_hash"], best);
  EXPECT_EQ(run({"--policy", "baseline"}).lines().back()["summary"]["plan_hash"], plain);
}

TEST_F(Resolving, ACapturedRunGivesTheCases) {
  plant("fast", "linear", "FAST");
  const std::string calls = f / "calls";
  Outcome o = run({"--policy", "baseline", "--capture", calls});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json r = resolve({"--cases", calls});
  ASSERT_TRUE(finding(r, "fast/planted")) << r;
  EXPECT_TRUE((*finding(r, "fast/planted"))["chosen"].get<bool>()) << r;
  EXPECT_EQ(r["cases"], calls);
  // Four tokens after a prompt of six bytes and what the template adds: nothing of 1x24/8.
  std::ifstream in(calls + "/capture.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::set<std::string> measured;
  store::Store results(store);
  store::Filter only;
  only.task = "linear";
  for (const store::Measurement& m : results.find<store::Measurement>(only))
    measured.insert(m.case_id.substr(0, m.case_id.rfind('-')));
  EXPECT_TRUE(measured.contains("captured/decode/n=1")) << measured.size();
  EXPECT_FALSE(measured.contains("captured/prefill/n=24")) << text;
  // What was measured is known, also to a run.
  const Json again = resolve({"--cases", calls});
  EXPECT_EQ(again["measured"], 0) << again;
  o = run({"--policy", "best", "--cases", calls});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.err, "best: linear fast/planted adopted: ")) << o.err;
  EXPECT_FALSE(has(o.err, " measured, ")) << o.err;
}

TEST_F(Resolving, WhatACapturedRunCalledTooLargeIsTriedInPlace) {
  plant("fast", "linear", "FAST");
  const std::string calls = f / "calls";
  const Outcome o = run({"--policy", "baseline", "--capture", calls});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json r = resolve({"--cases", calls, "--largest-case", "200000"});
  bool said = false;
  for (const Json& note : r["notes"])
    said = said || has(note, "not measured alone: linear captured/prefill/n=");
  EXPECT_TRUE(said) << r;
  const Json down = finding_of_down_proj(r);
  EXPECT_TRUE(down["chosen"].get<bool>()) << r;
  EXPECT_TRUE(has(down["reason"], "prefill too large to be judged alone, decode ")) << down;
  EXPECT_TRUE(has(down["reason"], ", in place for prefill ")) << down;
}

TEST_F(Resolving, ACapturedRunOfSomethingElseIsRefused) {
  plant("fast", "linear", "FAST");
  const auto error = [&](const std::string& captured, std::vector<std::string> capture,
                         std::vector<std::string> words) {
    const std::string calls = f / ("calls of " + std::to_string(words.size() + capture.size()));
    capture.insert(capture.begin(), {"--config", captured, "--prompt", "hello", "--max-tokens", "2",
                                     "--policy", "baseline", "--quiet", "--capture", calls});
    const Outcome o = start("fk-run", capture, "", environment);
    EXPECT_EQ(o.code, 0) << o.err;
    words.insert(words.begin(), {"resolve", "--config", config, "--candidates", candidates, "--out",
                                 lock, "--cases", calls});
    const Outcome refused = start("fk", words, "", environment);
    EXPECT_TRUE(has(refused.err, calls + "/capture.json: ")) << refused.err;
    EXPECT_TRUE(has(refused.err, "captured with " + captured + ". Way out: fk run --config " +
                                     config + " --capture DIR"))
        << refused.err;
    return std::to_string(refused.code) + " " + refused.err;
  };
  EXPECT_TRUE(
      has(error(tiny_config(f), {}, {}), "calls of another llama: hidden_size is 32, here 128; "));
  EXPECT_TRUE(
      has(error(config, {"--dtype", "bfloat16"}, {}), "calls in bfloat16, expected in float32; "));
  const Outcome o = start("fk",
                          {"resolve", "--config", config, "--candidates", candidates, "--out", lock,
                           "--cases", f / "nowhere"},
                          "", environment);
  EXPECT_EQ(o.code, 2) << o.err;
  EXPECT_TRUE(has(o.err, "nowhere/capture.json")) << o.err;
  EXPECT_TRUE(has(run({"--policy", "baseline", "--cases", f / "nowhere"}).err,
                  "--cases: only --policy best looks at calls, found --policy baseline"));
}

TEST_F(Resolving, MistakesAreSaid) {
  const auto error = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"resolve", "--config", config, "--out", lock});
    const Outcome o = start("fk", words, "", environment);
    return std::to_string(o.code) + " " + o.err;
  };
  EXPECT_TRUE(has(error({"--workload", "1x2"}),
                  "2 fk resolve: workload \"1x2\": expected BATCHxPROMPT/NEW, tokens each request, "
                  "e.g. 1x64/16"));
  EXPECT_TRUE(has(error({"--memory-budget", "5 apples"}),
                  "2 fk resolve: --memory-budget 5 apples: expected bytes, e.g. 500000000, 512MiB "
                  "or 2GiB"));
  EXPECT_TRUE(has(error({"--policy", "baseline"}),
                  "2 fk resolve: --policy baseline: `fk resolve` finds the policy"));
}

}  // namespace
}  // namespace fk::test
