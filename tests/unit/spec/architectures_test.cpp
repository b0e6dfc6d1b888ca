// SPDX-License-Identifier: Apache-2.0
// registry/architectures.yaml is a promise: what it says runs has its task and its config.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/spec/registry.hpp"

namespace fk::core {
namespace {

TEST(Architectures, AllFortySevenAreListedAndTheirStatusIsTrue) {
  const std::filesystem::path root = FK_SOURCE_DIR;
  const Registry registry = Registry::load(root / "registry");
  const YAML::Node rows =
      YAML::LoadFile((root / "registry/architectures.yaml").string())["architectures"];
  ASSERT_EQ(rows.size(), 47u);
  std::set<std::string> keys;
  std::map<std::string, int> categories;
  int number = 0, runs = 0;
  for (const auto& row : rows) {
    EXPECT_EQ(row["number"].as<int>(), ++number);
    const auto key = row["key"].as<std::string>(), status = row["status"].as<std::string>();
    EXPECT_TRUE(keys.insert(key).second) << key << " is listed twice";
    ++categories[row["category"].as<std::string>()];
    for (const char* field : {"checkpoint", "dtype", "tensor_parallel", "weights", "configuration"})
      EXPECT_FALSE(row[field].as<std::string>().empty()) << key << ": " << field;
    EXPECT_TRUE(status == "planned" || status == "dry" || status == "runs")
        << key << ": status " << status;
    if (status == "planned") continue;
    const TaskSpec* task = registry.find(row["task"].as<std::string>());
    ASSERT_NE(task, nullptr) << key;
    EXPECT_EQ(task->level, 4) << key;
    EXPECT_TRUE(std::filesystem::exists(root / "configs" / row["config"].as<std::string>())) << key;
    runs += status == "runs";
  }
  EXPECT_GE(runs, 2);
  const std::map<std::string, int> expected{
      {"llm", 8},  {"linear_attn", 9}, {"vision", 6}, {"multimodal", 6},
      {"edge", 5}, {"3d_robotics", 6}, {"recsys", 5}, {"world_models", 2}};
  EXPECT_EQ(categories, expected);
}

}  // namespace
}  // namespace fk::core
