// SPDX-License-Identifier: Apache-2.0
// `fk resolve` and the policy best on candidates whose worth is known, in a small random llama and
// in SmolLM2 with its real weights.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/sanitized.hpp"
#include "tests/e2e/resolved_model.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

struct Subject {
  const char *name, *config;  // of configs/; null: the small one
  size_t layers;
  const char* workload;
};
void PrintTo(const Subject& s, std::ostream* out) { *out << s.name; }

struct ResolvingModels : ResolvedModel, testing::WithParamInterface<Subject> {
  ResolvingModels() {
    if (!GetParam().config) return;
    config = GetParam().config;
    workload = GetParam().workload;
    flags = {"--threads", "1", "--quant", "none"};
  }
};

TEST_P(ResolvingModels, AFastPartIsPickedAndReusedByEveryLevel) {
  plant("fast", "linear", "FAST");
  const Json r = resolve();
  ASSERT_TRUE(r.is_object());
  EXPECT_FALSE(r["is_baseline"].get<bool>()) << r;
  EXPECT_GT(r["gain"]["whole"][0].get<double>(), 1.0) << r;
  EXPECT_TRUE(r["agreement"]["ok"].get<bool>()) << r;
  const auto linear = locked("linear");
  EXPECT_EQ(linear.size(), GetParam().layers * 4 + 1);
  for (const auto& [path, implementation] : linear)
    EXPECT_EQ(implementation, "fast/planted") << path;
  for (const auto& [path, implementation] : locked("llama_mlp"))
    EXPECT_EQ(implementation, "composed/composed") << path;
  // The lock is what runs, and what it says is why.
  const Outcome o = run({"--plan", lock});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.lines().back()["summary"]["plan_hash"], r["plan_hash"]);
  const std::string text = lock_text();
  EXPECT_TRUE(has(text, "best: prefill ")) << text;
  EXPECT_TRUE(has(text, "device: \"")) << text;

  // Everything is known now; after a change only what the change touches is judged and measured.
  const Json again = resolve();
  EXPECT_EQ(again["judged"], 0) << again;
  EXPECT_EQ(again["measured"], 0) << again;
  EXPECT_TRUE(again["proven_before"].get<bool>());
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]);
  EXPECT_EQ(again["gain"]["whole"], r["gain"]["whole"]);
  // By more than what lies between its product and the planted linear's, which is little.
  plant("fused", "linear_silu_and_mul", "FAST", "-march=native");
  const Json more = resolve();
  ASSERT_TRUE(finding(more, "fused/planted")) << more;
  EXPECT_EQ(more["judged"], 1) << more;
  EXPECT_EQ(more["measured"], 2) << more;  // prefill and decode
  EXPECT_EQ(locked("linear_silu_and_mul").begin()->second, "fused/planted") << more;

  // A lock is for these bytes and no others.
  std::ofstream(fs::path(candidates) / "fast/linear.cpp", std::ios::app)
      << "extern \"C\" const char* fk_planted_text() { return \"other bytes\"; }\n";
  const Outcome other = run({"--plan", lock});
  EXPECT_EQ(other.code, 2) << other.err;
  EXPECT_TRUE(has(other.err, "with hash ")) << other.err;
}

TEST_P(ResolvingModels, AFusedPartCompetesWithTheBestCompositionNotWithTheBaselines) {
  plant("fair", "linear_silu_and_mul", "FAIR");
  const Json alone = resolve();
  ASSERT_TRUE(finding(alone, "fair/planted")) << alone;
  EXPECT_TRUE((*finding(alone, "fair/planted"))["chosen"].get<bool>()) << alone;
  if (core::kSanitized) return;  // what is planted is built without: nothing is comparable
  plant("fast", "linear", "FAST");
  const Json both = resolve();
  const Json& fair = *finding(both, "fair/planted");
  EXPECT_FALSE(fair["chosen"].get<bool>()) << both;
  EXPECT_TRUE(has(fair["reason"], "part of no best plan")) << fair;
  EXPECT_TRUE((*finding(both, "fast/planted"))["chosen"].get<bool>()) << both;
}

TEST_P(ResolvingModels, WhatIsFastAndWrongIsNeverPicked) {
  plant("wrong", "linear", "WRONG");
  const Json r = resolve();
  EXPECT_TRUE(r["is_baseline"].get<bool>()) << r;
  const Json* wrong = finding(r, "wrong/planted");
  ASSERT_TRUE(wrong) << r;
  EXPECT_TRUE(has((*wrong)["reason"], "wrong at case ")) << *wrong;
  const Outcome o = run({"--policy", "best"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.err, "best: linear wrong/planted not adopted: wrong at case ")) << o.err;
  EXPECT_EQ(o.lines().at(0)["token_ids"], run({"--policy", "baseline"}).lines().at(0)["token_ids"]);
}

TEST_P(ResolvingModels, WhatWinsAloneAndLosesInPlaceIsDropped) {
  // A round is a second with the reference, and what a crowded one costs is the same.
  plant_baseline("fair", "linear", "FAIR");
  plant("crowded", "linear", "CROWDED");
  const Json r = resolve();
  if (core::kSanitized) return;  // faster in place, too, than a reference under a sanitizer
  size_t dropped = 0;
  for (const Json& x : r["findings"]) {
    const std::string path = x["path"];
    if (!path.starts_with("model.layers.")) continue;  // a single one is not crowded
    EXPECT_FALSE(x["chosen"].get<bool>()) << x;
    const std::string why = x.value("kept_out", "");
    EXPECT_TRUE(has(why, "faster alone (")) << x;
    EXPECT_TRUE(has(why, "not in place: ")) << x;
    ++dropped;
  }
  EXPECT_EQ(dropped, 4u) << r;
  for (const auto& [path, implementation] : locked("linear"))
    if (path.starts_with("model.layers.")) { EXPECT_EQ(implementation, "fair/planted") << path; }
  // That it was tried is remembered.
  const Json again = resolve();
  EXPECT_EQ(again["plan_hash"], r["plan_hash"]) << again;
  EXPECT_EQ(again["measured"], 0) << again;
}

INSTANTIATE_TEST_SUITE_P(, ResolvingModels,
                         testing::Values(Subject{"SmallLlama", nullptr, 2, "1x24/8"},
                                         Subject{"SmolLm2", "configs/llama.yaml", 30, "1x2/2"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace fk::test
