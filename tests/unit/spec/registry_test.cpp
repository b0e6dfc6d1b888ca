// SPDX-License-Identifier: Apache-2.0
// The repository's own registry.
#include "core/spec/registry.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/spec/signature.hpp"

namespace fk::core {
namespace {

const Registry& registry() {
  static const Registry r = Registry::load(FK_SOURCE_DIR "/registry");
  return r;
}

int64_t size_in(const Json& json, const std::string& name, int64_t otherwise) {
  auto at = json.find(name);
  return at != json.end() && at->is_number_integer() ? at->get<int64_t>() : otherwise;
}

TEST(OwnRegistry, LockHoldsEverySignature) {
  std::ifstream in(FK_SOURCE_DIR "/registry/abi.lock");
  ASSERT_TRUE(in) << "registry/abi.lock is missing";
  std::map<std::string, std::string> locked;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#')
      locked[line.substr(0, line.find(' '))] = line.substr(line.find(' ') + 1);
  const std::string remedy =
      "; if that is meant: fk-gen --registry registry --lock registry/abi.lock";
  for (const auto& [name, t] : registry().tasks()) {
    ASSERT_TRUE(locked.count(name)) << "abi.lock has no line for " << name << remedy;
    EXPECT_EQ(locked[name], fmt::format("{:016x} {}", t.signature, t.signature_text))
        << name << " has changed" << remedy;
    locked.erase(name);
  }
  for (const auto& [name, _] : locked)
    ADD_FAILURE() << "abi.lock has a line for " << name << ", which is gone" << remedy;
}

// Loading checks names and types; here every expression gets values, those of each case.
TEST(OwnRegistry, EveryExpressionYieldsANumber) {
  for (const auto& entry : registry().tasks()) {
    const TaskSpec& t = entry.second;
    ASSERT_FALSE(t.cases.empty()) << t.name << " has no case";
    ASSERT_TRUE(t.bytes && t.flops) << t.name;
    for (const auto& item : t.cases.items()) {
      const Json& c = item.value();
      SCOPED_TRACE(t.name + " " + item.key());
      const Json fields = c.contains("init") ? c["init"] : Json::object();
      InitValue init = InitValue::from_json(registry(), t, fields);
      auto names = [&](std::string_view n) -> std::optional<Value> {
        if (std::optional<Value> v = init.lookup(n)) return v;
        for (const Field& f : t.init)
          if (f.name == n) return std::nullopt;
        return size_in(c, std::string(n), n == "e" ? 2 : 4);
      };
      EXPECT_NO_THROW(EXPECT_GE(t.bytes->eval_int(names), 0));
      EXPECT_NO_THROW(EXPECT_GE(t.flops->eval_int(names), 0));
      for (const Field& p : t.params) {
        if (p.when && !p.when->eval_bool(names)) continue;
        for (const Expr& dim : p.tensor.shape)
          EXPECT_NO_THROW(EXPECT_GT(dim.eval_int(names), 0)) << p.name;
      }
      for (const Field& a : t.args)
        for (const Expr& dim : a.tensor.shape) EXPECT_NO_THROW(dim.eval_int(names)) << a.name;
    }
  }
}

TEST(OwnRegistry, TasksSayWhatTheyMirrorAndHowTheyAreChecked) {
  for (const auto& [name, t] : registry().tasks()) {
    EXPECT_FALSE(t.mirrors.empty()) << name;
    EXPECT_FALSE(t.check.empty()) << name;
    EXPECT_FALSE(t.doc.empty()) << name;
  }
}

TEST(OwnRegistry, InstancesOfCasesArePending) {
  const TaskSpec& t = registry().task("llama_attention");
  InitValue v = InitValue::from_json(registry(), t, t.cases.begin().value()["init"]);
  ASSERT_EQ(v.pending_instances().size(), 1u);
  EXPECT_EQ(v.pending_instances()[0].first, "rotary_emb");
}

}  // namespace
}  // namespace fk::core
