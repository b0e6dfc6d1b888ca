// SPDX-License-Identifier: Apache-2.0
#include "core/eval/shares.hpp"

#include <gtest/gtest.h>

namespace fk::eval {
namespace {

using core::Choice;
using core::Phase;
using core::Plan;

Choice node(const std::string& path, const std::string& task, int depth,
            const std::string& implementation, const std::string& decode = "") {
  Choice c;
  c.path = path, c.task = task, c.depth = depth, c.init = "{}";
  c.implementation = implementation, c.hash = "h-" + implementation;
  if (!decode.empty()) c.decode = decode, c.decode_hash = "h-" + decode;
  return c;
}

// Two layers with an mlp of two operations each.
Plan plan(const std::string& gate = "cpu", const std::string& decode = "") {
  Plan p;
  p.choices.push_back(node("m", "model", 0, "composed"));
  for (const std::string layer : {"m.0", "m.1"}) {
    p.choices.push_back(node(layer, "mlp", 1, "composed"));
    p.choices.push_back(node(layer + ".gate", "gate", 2, gate, decode));
    p.choices.push_back(node(layer + ".down", "down", 2, "cpu"));
  }
  return p;
}

resolver::Call call(const std::string& task, Phase phase, double own, int64_t calls) {
  resolver::Call c;
  c.task = task, c.init = "{}", c.phase = phase, c.own_seconds = own, c.calls = calls;
  c.given.name = std::string(phase_name(phase)) + " " + task;
  return c;
}

// One prefill step and three of decoding.
std::vector<resolver::Call> calls() {
  std::vector<resolver::Call> out;
  for (auto [phase, steps] : {std::pair{Phase::kPrefill, 1}, {Phase::kDecode, 3}}) {
    out.push_back(call("model", phase, 1, steps));
    out.push_back(call("mlp", phase, 2, 2 * steps));
    out.push_back(call("gate", phase, 10, 2 * steps));
    out.push_back(call("down", phase, 20, 2 * steps));
    out.push_back(call("sample", phase, 100, steps));  // the engine's
  }
  return out;
}

const Share* find(const std::vector<Share>& all, const std::string& task, Phase phase,
                  const std::string& by) {
  for (const Share& s : all)
    if (s.task == task && s.phase == phase && s.evaluated.implementation == by) return &s;
  return nullptr;
}

double sum(const std::vector<Share>& all) {
  double s = 0;
  for (const Share& x : all) s += x.seconds;
  return s;
}

TEST(Shares, AreTheBaselinesOwnTime) {
  const auto all = shares_of(plan(), plan(), calls());
  EXPECT_EQ(all.size(), 8u);
  EXPECT_DOUBLE_EQ(find(all, "gate", Phase::kPrefill, "cpu")->seconds, 20);
  EXPECT_DOUBLE_EQ(find(all, "gate", Phase::kDecode, "cpu")->seconds, 60);
  EXPECT_DOUBLE_EQ(find(all, "model", Phase::kDecode, "composed")->seconds, 3);
  EXPECT_EQ(find(all, "gate", Phase::kDecode, "cpu")->nodes, 2);
  EXPECT_DOUBLE_EQ(sum(all), 4 * (1 + 4 + 20 + 40));
  for (const Share& s : all) EXPECT_TRUE(s.same()) << s.task;
}

TEST(Shares, AnImplementationOfOnePhaseHasThatPhase) {
  const auto all = shares_of(plan(), plan("cpu", "mine"), calls());
  EXPECT_TRUE(find(all, "gate", Phase::kPrefill, "cpu")->same());
  const Share* decode = find(all, "gate", Phase::kDecode, "mine");
  ASSERT_TRUE(decode);
  EXPECT_FALSE(decode->same());
  EXPECT_EQ(decode->baseline.implementation, "cpu");
}

TEST(Shares, OfOneLayerIsHalf) {
  Plan other = plan();
  other.choices[2] = node("m.0.gate", "gate", 2, "mine");
  const auto all = shares_of(plan(), other, calls());
  EXPECT_DOUBLE_EQ(find(all, "gate", Phase::kDecode, "mine")->seconds, 30);
  EXPECT_DOUBLE_EQ(find(all, "gate", Phase::kDecode, "cpu")->seconds, 30);
}

TEST(Shares, WhoFusesIsWorthWhatItReplaces) {
  Plan fused = plan();
  fused.choices[1] = node("m.0", "mlp", 1, "fused");
  fused.choices.erase(fused.choices.begin() + 2, fused.choices.begin() + 4);
  const auto all = shares_of(plan(), fused, calls());
  const Share* mlp = find(all, "mlp", Phase::kPrefill, "fused");
  ASSERT_TRUE(mlp);
  EXPECT_DOUBLE_EQ(mlp->seconds, 2 + 10 + 20);
  EXPECT_EQ(mlp->nodes, 1);
  EXPECT_DOUBLE_EQ(find(all, "mlp", Phase::kPrefill, "composed")->seconds, 2);
  EXPECT_DOUBLE_EQ(find(all, "gate", Phase::kPrefill, "cpu")->seconds, 10);
  EXPECT_DOUBLE_EQ(sum(all), sum(shares_of(plan(), plan(), calls())));
}

}  // namespace
}  // namespace fk::eval
