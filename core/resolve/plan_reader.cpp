// SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/yaml.h>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/resolve/plan.hpp"

namespace fk::core {
namespace {

const std::vector<std::string> kPlanKeys{"plan", "hash", "made", "choices"};
const std::vector<std::string> kChoiceKeys{
    "path",     "task", "depth",  "implementation", "version",     "hash",         "reason",
    "rejected", "init", "decode", "decode_version", "decode_hash", "decode_reason"};

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}
  template <class... A>
  [[noreturn]] void fail(const YAML::Mark& at, fmt::format_string<A...> f, A&&... a) const {
    bad_input("{}:{}:{}: {}", file_, at.line + 1, at.column + 1,
              fmt::format(f, std::forward<A>(a)...));
  }
  void check_keys(const YAML::Node& map, const char* what,
                  const std::vector<std::string>& keys) const {
    if (!map.IsMap()) fail(map.Mark(), "{} must be a map", what);
    for (const auto& entry : map) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(entry.first.Mark(), "unknown key \"{}\" in {}{}", key, what, did_you_mean(key, keys));
    }
  }
  template <class T>
  T get(const YAML::Node& map, const char* key) const {
    const YAML::Node node = map[key];
    if (!node) fail(map.Mark(), "\"{}\" is missing", key);
    try {
      return node.as<T>();
    } catch (const YAML::Exception&) { fail(node.Mark(), "\"{}\" has the wrong type", key); }
  }
  Choice choice(const YAML::Node& node) const {
    check_keys(node, "a choice", kChoiceKeys);
    Choice c;
    c.path = get<std::string>(node, "path");
    c.task = get<std::string>(node, "task");
    c.depth = get<int>(node, "depth");
    c.implementation = get<std::string>(node, "implementation");
    c.version = get<std::string>(node, "version");
    c.hash = get<std::string>(node, "hash");
    c.reason = get<std::string>(node, "reason");
    c.rejected = get<std::vector<std::string>>(node, "rejected");
    c.init = get<std::string>(node, "init");
    if (!node["decode"]) return c;
    c.decode = get<std::string>(node, "decode");
    c.decode_version = get<std::string>(node, "decode_version");
    c.decode_hash = get<std::string>(node, "decode_hash");
    c.decode_reason = get<std::string>(node, "decode_reason");
    return c;
  }

 private:
  const std::string& file_;
};

}  // namespace

Plan Plan::from_yaml(std::string_view text, const std::string& file) {
  const Reader r(file);
  YAML::Node root;
  try {
    root = YAML::Load(std::string(text));
  } catch (const YAML::Exception& e) { r.fail(e.mark, "not YAML: {}", e.msg); }
  r.check_keys(root, "a plan", kPlanKeys);
  if (const int version = r.get<int>(root, "plan"); version != 1)
    r.fail(root["plan"].Mark(), "plan format {}, this build reads 1", version);
  const std::string hash = r.get<std::string>(root, "hash");
  const YAML::Node choices = root["choices"];
  if (!choices || !choices.IsSequence()) r.fail(root.Mark(), "\"choices\" must be a list");
  Plan plan;
  if (const YAML::Node made = root["made"]) {
    if (!made.IsMap()) r.fail(made.Mark(), "\"made\" must be a map");
    for (const auto& entry : made)
      plan.made[entry.first.as<std::string>()] = entry.second.as<std::string>("");
  }
  for (const YAML::Node& node : choices) plan.choices.push_back(r.choice(node));
  if (plan.hash() != hash)
    r.fail(root["hash"].Mark(),
           "hash {} does not fit the choices below it ({}): the plan was edited; write it anew",
           hash, plan.hash());
  return plan;
}

}  // namespace fk::core
