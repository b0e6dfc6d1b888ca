// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/plan.hpp"
#include "core/resolve/policy_chooser.hpp"
#include "core/resolve/selector.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

TEST(Pin, Parses) {
  core::Pin p = core::Pin::parse("silu_and_mul=mine");
  EXPECT_EQ(p.task, "silu_and_mul");
  EXPECT_EQ(p.path, "");
  EXPECT_EQ(p.implementation, "mine");
  p = core::Pin::parse("linear@model.layers.*.mlp.*=cpu/gemv@1234abcd");
  EXPECT_EQ(p.task, "linear");
  EXPECT_EQ(p.path, "model.layers.*.mlp.*");
  EXPECT_EQ(p.implementation, "cpu/gemv@1234abcd");
  EXPECT_FALSE(p.phase.has_value());
  p = core::Pin::parse("paged_attention:decode@model.layers.0.*=mine");
  EXPECT_EQ(p.task, "paged_attention");
  EXPECT_EQ(p.phase, core::Phase::kDecode);
  EXPECT_EQ(p.path, "model.layers.0.*");
}

TEST(Pin, Refuses) {
  const std::string how =
      "; write task[:decode|:prefill][@path-pattern]=implementation, e.g. "
      "silu_and_mul@model.layers.*=mine";
  EXPECT_EQ(error_of([] { core::Pin::parse("silu_and_mul"); }),
            "pin \"silu_and_mul\": \"=\" is missing" + how);
  EXPECT_EQ(error_of([] { core::Pin::parse("=mine"); }),
            "pin \"=mine\": the task is missing" + how);
  EXPECT_EQ(error_of([] { core::Pin::parse("linear="); }),
            "pin \"linear=\": the implementation is missing" + how);
  EXPECT_EQ(error_of([] { core::Pin::parse("linear@=x"); }),
            "pin \"linear@=x\": the path pattern is empty" + how);
  EXPECT_EQ(error_of([] { core::Pin::parse("linear:decoding=x"); }),
            "pin \"linear:decoding=x\": the phase is neither decode nor prefill" + how);
}

TEST(Policy, Parses) {
  EXPECT_EQ(core::Policy::parse("baseline").kind, core::Policy::Kind::kBaseline);
  EXPECT_EQ(core::Policy::parse("candidate:mine").candidate, "mine");
  EXPECT_EQ(core::Policy::parse("best").kind, core::Policy::Kind::kBest);
  EXPECT_EQ(error_of([] { core::Policy::parse("basline"); }),
            "unknown policy \"basline\" (did you mean 'baseline'?); one of baseline, best, "
            "candidate:NAME");
}

TEST(Glob, Matches) {
  EXPECT_TRUE(core::glob_match("model.layers.*.mlp", "model.layers.3.mlp"));
  EXPECT_TRUE(core::glob_match("*", ""));
  EXPECT_TRUE(core::glob_match("*.down_proj", "model.layers.3.mlp.down_proj"));
  EXPECT_TRUE(core::glob_match("a?c*e", "abcdcde"));
  EXPECT_FALSE(core::glob_match("model.layers.?.mlp", "model.layers.13.mlp"));
  EXPECT_FALSE(core::glob_match("", "a"));
  EXPECT_FALSE(core::glob_match("a*b", "ab.c"));
}

core::Plan build(const core::Policy& policy, std::shared_ptr<const core::Plan> replay = nullptr,
                 int64_t width = 16) {
  core::BuildOptions options;
  options.dry = true;
  options.policy = policy;
  options.replay = replay;
  return core::Model::build(catalog(), nullptr, "llama_mlp",
                            {{"hidden_size", 8}, {"intermediate_size", width}}, options)
      ->plan();
}

core::Policy pinned(std::initializer_list<const char*> pins) {
  core::Policy p;
  for (const char* text : pins) p.pins.push_back(core::Pin::parse(text));
  return p;
}

const core::Choice& choice(const core::Plan& plan, const std::string& task,
                           const std::string& path) {
  for (const core::Choice& c : plan.choices)
    if (c.task == task && c.path == path) return c;
  throw std::runtime_error("no " + task + " at " + path);
}

TEST(Resolve, EveryNodeHasAReason) {
  const core::Plan plan = build({});
  ASSERT_FALSE(plan.choices.empty());
  EXPECT_EQ(plan.choices[0].task, "llama_mlp");
  EXPECT_EQ(plan.choices[0].depth, 0);
  for (const core::Choice& c : plan.choices) {
    EXPECT_FALSE(c.reason.empty()) << c.task;
    EXPECT_EQ(c.hash.size(), 32u) << c.task;
    EXPECT_FALSE(c.init.empty()) << c.task;
  }
}

TEST(Resolve, PinsReachEveryLevel) {
  const core::Plan plan =
      build(pinned({"llama_mlp=composed", "silu_and_mul=reference", "linear@down_proj=reference"}));
  EXPECT_EQ(choice(plan, "llama_mlp", "").reason, "pinned: llama_mlp=composed");
  EXPECT_EQ(choice(plan, "silu_and_mul", "gate_up_proj.act_fn").implementation,
            "reference/reference");
  EXPECT_EQ(choice(plan, "linear", "down_proj").reason, "pinned: linear@down_proj=reference");
  EXPECT_NE(choice(plan, "linear", "gate_up_proj").reason, "pinned: linear@down_proj=reference");
}

TEST(Resolve, PathPinBeatsTaskPin) {
  const core::Plan plan =
      build(pinned({"linear@gate*=reference/reference", "linear=reference", "llama_mlp=composed"}));
  EXPECT_EQ(choice(plan, "linear", "gate_up_proj").reason,
            "pinned: linear@gate*=reference/reference");
  EXPECT_EQ(choice(plan, "linear", "down_proj").reason, "pinned: linear=reference");
}

core::Resolved::Chosen chosen_reference(const core::Choice& c, int64_t instances = 0) {
  for (const core::Implementation* i : catalog().implementations(c.task))
    if (i->kind == core::Implementation::Kind::kReference)
      return {i->id(), i->hash, "best: measured", "", "", "", instances};
  throw std::runtime_error("no reference of " + c.task);
}

TEST(Resolve, BestGivesEveryEqualNodeWhatWasFoundAndTheRestTheBaselines) {
  const core::Plan plain = build(pinned({"llama_mlp=composed"}));
  const core::Choice& down = choice(plain, "linear", "down_proj");
  auto resolved = std::make_shared<core::Resolved>();
  resolved->subs[{"linear", down.init}] = {chosen_reference(down)};
  core::Policy policy = pinned({"llama_mlp=composed"});
  policy.kind = core::Policy::Kind::kBest;
  policy.resolved = resolved;
  const core::Plan plan = build(policy);
  EXPECT_EQ(choice(plan, "linear", "down_proj").implementation, "reference/reference");
  EXPECT_EQ(choice(plan, "linear", "down_proj").reason, "best: measured");
  for (const core::Choice& c : plan.choices) {
    if (c.path != "down_proj") {
      EXPECT_EQ(c.implementation, choice(plain, c.task, c.path).implementation);
    }
  }
  EXPECT_NE(plan.hash(), plain.hash());
  // A hash that is not loaded is nothing that was judged.
  resolved->subs.begin()->second[0].hash = "0";
  EXPECT_EQ(build(policy).hash(), plain.hash());
}

TEST(Resolve, BestGivesSomeInstancesToOneAndTheRestToAnother) {
  const auto build_two = [](const core::Policy& policy) {
    core::BuildOptions options;
    options.dry = true;
    options.policy = policy;
    options.dims = {{"num_blocks", 4}, {"block_size", 4}, {"num_slots", 2}};
    const Json init = {{"vocab_size", 260},
                       {"hidden_size", 32},
                       {"intermediate_size", 48},
                       {"num_hidden_layers", 2},
                       {"num_attention_heads", 4},
                       {"num_key_value_heads", 2},
                       {"max_position_embeddings", 256}};
    return core::Model::build(catalog(), nullptr, "llama", init, options)->plan();
  };
  const core::Plan plain = build_two({});
  const core::Choice& norm = choice(plain, "rms_norm", "model.layers.0.input_layernorm");
  auto resolved = std::make_shared<core::Resolved>();
  core::Resolved::Chosen rest{norm.implementation, norm.hash, "best: the baseline", "", "", "", 0};
  resolved->subs[{"rms_norm", norm.init}] = {chosen_reference(norm, 3), rest};
  core::Policy policy;
  policy.kind = core::Policy::Kind::kBest;
  policy.resolved = resolved;
  int64_t reference = 0, other = 0;
  for (const core::Choice& c : build_two(policy).choices) {
    if (c.task != "rms_norm" || c.init != norm.init) continue;
    ++(c.implementation == "reference/reference" ? reference : other);
    EXPECT_EQ(c.implementation == "reference/reference", reference + other <= 3) << c.path;
  }
  EXPECT_EQ(reference, 3);
  EXPECT_EQ(other, 2);  // two layers have two each, and there is the last one
}

TEST(Resolve, PinThatMatchesNothing) {
  EXPECT_EQ(
      error_of([] { build(pinned({"silu_and_mull=reference"})); }),
      "pin \"silu_and_mull=reference\": no task \"silu_and_mull\" (did you mean 'silu_and_mul'?)");
  const std::string unknown = error_of([] { build(pinned({"silu_and_mul=refrence"})); });
  EXPECT_TRUE(
      unknown.starts_with("pin \"silu_and_mul=refrence\": silu_and_mul has no implementation "
                          "\"refrence\" (did you mean "
                          "'reference'?); it has "))
      << unknown;
  EXPECT_EQ(error_of([] { build(pinned({"rms_norm=reference"})); }),
            "pin \"rms_norm=reference\": the tree has no node of task rms_norm");
  EXPECT_EQ(error_of([] {
              build(pinned({"llama_mlp=composed", "linear@up_proj=reference"}));
            }),
            "pin \"linear@up_proj=reference\": no node of task linear has a path like \"up_proj\"; "
            "they stand at down_proj, gate_up_proj");
  const std::string hash = error_of([] { build(pinned({"silu_and_mul=reference@zz"})); });
  EXPECT_TRUE(
      hash.starts_with("pin \"silu_and_mul=reference@zz\": silu_and_mul has no implementation "
                       "\"reference\" with hash zz"))
      << hash;
}

TEST(Resolve, CandidatePolicyNeedsACandidate) {
  core::Policy p;
  p.kind = core::Policy::Kind::kCandidate;
  p.candidate = "nobody";
  EXPECT_EQ(error_of([&] { build(p); }),
            "policy \"candidate:nobody\": no implementation of any task is called that");
}

TEST(Plan, RoundTripsAndReplays) {
  const core::Plan plan = build(pinned({"llama_mlp=composed", "linear@down_proj=reference"}));
  const core::Plan read = core::Plan::from_yaml(plan.to_yaml(), "plan.yaml");
  EXPECT_EQ(read.hash(), plan.hash());
  EXPECT_EQ(read.to_yaml(), plan.to_yaml());
  const core::Plan again =
      build({}, std::make_shared<core::Plan>(read));  // no pins: the plan says it
  EXPECT_EQ(again.hash(), plan.hash());
  EXPECT_EQ(choice(again, "linear", "down_proj").implementation, "reference/reference");
}

TEST(Plan, RefusesOtherFilesAndModels) {
  const core::Plan plan = build(pinned({"llama_mlp=composed"}));
  auto changed = std::make_shared<core::Plan>(plan);
  changed->choices[0].hash = "00112233";
  const std::string text = error_of([&] { build({}, changed); });
  EXPECT_TRUE(text.starts_with(
      "plan: llama_mlp at \"\" wants composed/composed with hash 00112233, which is not loaded; "))
      << text;
  EXPECT_TRUE(text.ends_with(" now has hash " + plan.choices[0].hash + ": write a new plan"))
      << text;
  const std::string init = error_of([&] { build({}, std::make_shared<core::Plan>(plan), 24); });
  EXPECT_TRUE(init.starts_with("plan: llama_mlp at \"\" was planned with the init {")) << init;
  auto shorter = std::make_shared<core::Plan>(plan);
  shorter->choices.pop_back();
  const std::string ends = error_of([&] { build({}, shorter); });
  EXPECT_NE(ends.find("plan: it ends before "), std::string::npos) << ends;
  auto longer = std::make_shared<core::Plan>(plan);
  longer->choices.push_back(plan.choices.back());
  EXPECT_EQ(error_of([&] { build({}, longer); }),
            fmt::format("plan: it has {} nodes, this tree has {}: it was written for another model",
                        longer->choices.size(), plan.choices.size()));
}

TEST(Plan, ReaderIsStrict) {
  const std::string yaml = build(pinned({"llama_mlp=composed"})).to_yaml();
  const auto read = [](const std::string& text) {
    return error_of([&] { core::Plan::from_yaml(text, "plan.yaml"); });
  };
  std::string edited = yaml;
  edited.replace(edited.find("act_fn"), 6, "act_fm");
  EXPECT_TRUE(read(edited).starts_with("plan.yaml:2:7: hash ")) << read(edited);
  EXPECT_TRUE(read(edited).ends_with("the plan was edited; write it anew"));
  EXPECT_EQ(read("plan: 1\nhash: x\nchoces: []\n"),
            "plan.yaml:3:1: unknown key \"choces\" in a plan (did you mean 'choices'?)");
  EXPECT_EQ(read("plan: 2\nhash: x\nchoices: []\n"),
            "plan.yaml:1:7: plan format 2, this build reads 1");
  EXPECT_EQ(read("plan: 1\nhash: x\nchoices: [{task: a}]\n"),
            "plan.yaml:3:11: \"path\" is missing");
  EXPECT_EQ(read("[]"), "plan.yaml:1:1: a plan must be a map");
}

}  // namespace
}  // namespace fk::test
