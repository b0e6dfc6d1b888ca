// SPDX-License-Identifier: Apache-2.0
#include "core/eval/scenario.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace fk::eval {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = FK_SOURCE_DIR "/scenarios";

const core::Registry& registry() {
  static const core::Registry all = core::Registry::load(FK_SOURCE_DIR "/registry");
  return all;
}

Scenario parsed(const std::string& text) {
  return parse_scenario(text, kFolder / "mine.yaml", FK_SOURCE_DIR "/third_party/models",
                        registry());
}

// What is wrong with one model of a scenario that is right otherwise, without the file's name.
std::string error_in(const std::string& model) {
  const std::string text = test::error_of([&] { parsed("scenario: s\nmodels:\n" + model); });
  const std::string file = (kFolder / "mine.yaml").string();
  EXPECT_TRUE(text.starts_with(file)) << text;
  return text.substr(std::min(text.size(), file.size()));
}

TEST(Scenario, HasDefaults) {
  const Scenario s = parsed(
      "scenario: s\n"
      "models:\n"
      "  lm: {config: ../configs/rwkv7_tiny.yaml}\n"
      "  embed: {config: ../configs/minilm.yaml, weight: 3}\n");
  EXPECT_EQ(s.name, "s");
  ASSERT_EQ(s.models.size(), 2u);
  EXPECT_EQ(s.models[0].config, FK_SOURCE_DIR "/configs/rwkv7_tiny.yaml");
  EXPECT_EQ(s.models[0].workloads.at(0).text(), "1x64/16");
  EXPECT_EQ(s.models[0].weight, 1);
  EXPECT_EQ(s.models[0].metric.envelope, 1);
  EXPECT_FALSE(s.models[0].metric.perplexity);
  EXPECT_EQ(s.models[1].family, core::Config::Engine::kEncoder);
  EXPECT_EQ(s.models[1].workloads.at(0).text(), "16x64/0");
  EXPECT_EQ(s.models[1].weight, 3);
}

TEST(Scenario, TakesEverything) {
  const Scenario s = parsed(
      "scenario: s\n"
      "models:\n"
      "  lm:\n"
      "    config: ../configs/rwkv7_tiny.yaml\n"
      "    workloads: [1x8/2, 4x16/0]\n"
      "    tasks: {rms_norm: 0.5, linear: 0}\n"
      "    metric: {logits: 2, perplexity: {text: texts/kernels.txt, tokens: 9, tolerance: 0.1}}\n"
      "  embed:\n"
      "    config: ../configs/minilm.yaml\n"
      "    metric: {cosine: 0.9, ranking: {query: a, texts: texts/sentences.txt}}\n");
  EXPECT_EQ(s.models[0].workloads.at(1).text(), "4x16/0");
  EXPECT_EQ(s.models[0].tasks.at("rms_norm"), 0.5);
  EXPECT_EQ(s.models[0].tasks.at("linear"), 0);
  EXPECT_EQ(s.models[0].metric.envelope, 2);
  EXPECT_EQ(s.models[0].metric.perplexity->tokens, 9);
  EXPECT_EQ(s.models[0].metric.perplexity->tolerance, 0.1);
  EXPECT_EQ(s.models[1].metric.cosine, 0.9);
  EXPECT_EQ(s.models[1].metric.ranking->query, "a");
}

TEST(Scenario, WhatIsShippedIsRight) {
  size_t count = 0;
  for (const auto& e : fs::directory_iterator(kFolder)) {
    if (e.path().extension() != ".yaml") continue;
    load_scenario(e.path(), FK_SOURCE_DIR "/third_party/models", registry());
    ++count;
  }
  EXPECT_GE(count, 2u);
}

TEST(Scenario, MistakesAreSaidWithTheirPlace) {
  const std::string lm = "  lm: {config: ../configs/rwkv7_tiny.yaml, ";
  const std::pair<std::string, std::string> cases[] = {
      {lm + "wieght: 2}",
       ":3:44: unknown key \"wieght\" in a model of a scenario, expected one of: config, weight, "
       "workloads, "
       "tasks, metric (did you mean 'weight'?)"},
      {lm + "weight: heavy}", ":3:52: found \"heavy\", expected a number above 0"},
      {lm + "weight: 0}", ":3:52: found 0, expected a number above 0"},
      {lm + "workloads: 1x64/16}", ":3:55: found \"1x64/16\", expected a list of BATCHxPROMPT/NEW"},
      {lm + "workloads: [1x64]}",
       ":3:56: workload \"1x64\": expected BATCHxPROMPT/NEW, tokens each request, e.g. 1x64/16"},
      {lm + "workloads: []}", ":3:55: found an empty list, expected a workload"},
      {lm + "tasks: {rms_nrom: 1}}", ":3:52: no task \"rms_nrom\" (did you mean 'rms_norm'?)"},
      {lm + "tasks: {rms_norm: -1}}", ":3:62: found -1, expected 0 or more"},
      {lm + "metric: {cosine: 0.9}}",
       ":3:53: cosine is no metric of a causal language model; it has logits and perplexity"},
      {lm + "metric: {perplexety: 1}}",
       ":3:53: unknown key \"perplexety\" in a metric, expected one of: logits, perplexity, "
       "cosine, ranking (did you mean 'perplexity'?)"},
      {lm + "metric: {perplexity: {text: gone.txt}}}",
       ":3:72: " + (kFolder / "gone.txt").string() + ": no such file"},
      {lm + "metric: {perplexity: {text: texts/kernels.txt, tokens: 1.5}}}",
       ":3:99: found \"1.5\", expected a whole number of at least 2"},
      {"  lm: {weight: 1}", ":3:7: a model of a scenario has no \"config\", expected one"},
      {"  lm: {config: gone.yaml}",
       ":3:16: " + (kFolder / "gone.yaml").string() + ": no such file"},
      {"  e: {config: ../configs/minilm.yaml, workloads: [1x8/4]}",
       ":3:51: found 4 new tokens, expected 0: an encoder has none"},
      {"  e: {config: ../configs/minilm.yaml, metric: {logits: 1}}",
       ":3:48: logits is no metric of an encoder; it has cosine and ranking"},
      {"  {}", ":3:3: found no model, expected at least one"},
  };
  for (const auto& [model, message] : cases) EXPECT_EQ(error_in(model), message) << model;
  EXPECT_EQ(test::error_of([] { parsed("scenario: s\nmodel: {}\n"); }),
            (kFolder / "mine.yaml").string() +
                ":2:1: unknown key \"model\" in a scenario, expected one of: scenario, models (did "
                "you mean 'models'?)");
  EXPECT_EQ(test::error_of([] { load_scenario("gone.yaml", "", registry()); }),
            "gone.yaml: no such scenario");
}

}  // namespace
}  // namespace fk::eval
