// SPDX-License-Identifier: Apache-2.0
#include "core/weights/name_map.hpp"

#include "core/weights/pattern.hpp"
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
using namespace names;
namespace {

using Strings = std::vector<std::string>;

TEST(Pattern, Matches) {
  EXPECT_EQ(match_pattern("a.*.c", "a.12.c"), (Strings{"12"}));
  EXPECT_FALSE(match_pattern("a.*.c", "a.1.2.c"));
  EXPECT_FALSE(match_pattern("a.*.c", "a..c"));
  EXPECT_EQ(match_pattern("**.weight", "a.b.weight"), (Strings{"a.b"}));
  EXPECT_EQ(match_pattern("*.x*.**", "1.xy.2.3"), (Strings{"1", "y", "2.3"}));
  EXPECT_EQ(match_pattern("**", "a"), (Strings{"a"}));
  EXPECT_FALSE(match_pattern("a", "ab"));
  EXPECT_FALSE(match_pattern("ab*", "a"));
  EXPECT_EQ(fill_pattern("x.*.y.**", {"1", "2.3"}), "x.1.y.2.3");
  EXPECT_EQ(wildcards("x.*.y.**"), 2u);
}

// What the map's file says, without its random folder.
std::string load_error(const std::string& text) {
  Folder folder;
  const auto path = folder.write("m.yaml", text);
  std::string error = error_of([&] { NameMap::load(path); });
  const std::string prefix = folder.path().string() + "/";
  return error.starts_with(prefix) ? error.substr(prefix.size()) : error;
}

TEST(NameMapFile, Shipped) {
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "configs/weights"))
    EXPECT_EQ(error_of([&] { NameMap::load(entry.path()); }), "no error") << entry.path();
}

TEST(NameMapFile, IsChecked) {
  EXPECT_EQ(load_error("format: zip\nparams: {}\n"),
            "m.yaml:1:9: found \"zip\", expected safetensors or gguf");
  EXPECT_EQ(load_error("format: gguf\nparams: {}\ninit:\n  a: {key: x, const: 1}\n"),
            "m.yaml:4:6: found 2 of key, const, expr, exists, missing, size_of, count, quant_of; "
            "expected one");
  EXPECT_EQ(load_error("format: gguf\nparams:\n  a.*.b: c.*.*\n"),
            "m.yaml:3:10: \"c.*.*\" has 2 wildcards, the param's path only 1");
  EXPECT_EQ(load_error("format: gguf\nparams:\n  a: {concat: [{from: b, when: x}]}\n"),
            "m.yaml:3:32: a part of a concat has no condition of its own");
  EXPECT_NE(load_error("format: gguf\nparam: {}\n").find("params"), std::string::npos);
  EXPECT_NE(load_error("format: gguf\nparams: {a: {form: b}}\n").find("from"), std::string::npos);
}

TEST(NameMapFile, ConditionsThatCannotBeEvaluatedSayWhere) {
  Folder folder;
  const auto path = folder.write(
      "m.yaml", "format: safetensors\nparams:\n  a: [{from: b, when: no_such_name > 1}]\n");
  auto store = WeightStore::seeded(1, path, Json::object());
  const std::string text = error_of([&] { store->get({"a", {1}, kF32}); });
  EXPECT_TRUE(text.starts_with(path.string() + ":3:3: ")) << text;
  EXPECT_NE(text.find("no_such_name"), std::string::npos) << text;
}

}  // namespace
}  // namespace fk::core::test
