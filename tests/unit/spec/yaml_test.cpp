// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml.hpp"

#include <gtest/gtest.h>

namespace fk::core {
namespace {

std::string error(std::string_view text) {
  try {
    parse_yaml(text, "f.yaml");
  } catch (const Error& e) {
    return e.text();
  }
  return "no error";
}

TEST(Yaml, KnowsWhereEverythingStands) {
  YamlFile f = parse_yaml("a: 1\nb:\n  - x\n  - {c: \"2\"}\n", "f.yaml");
  EXPECT_EQ(f.root.find("b")->items[1].find("c")->place(), "f.yaml:4:9");
  EXPECT_TRUE(f.root.find("b")->items[1].find("c")->quoted);
  EXPECT_EQ(f.root.find("a")->as_int("an integer"), 1);
}

TEST(Yaml, Refuses) {
  EXPECT_EQ(error(""), "f.yaml:1:1: the file is empty, expected a map");
  EXPECT_EQ(error("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: key \"a\" is here twice, first on line 1; expected it once");
  EXPECT_EQ(error("a: &x 1\nb: *x\n"), "f.yaml:1:4: found the anchor &x, expected a plain value");
  EXPECT_EQ(error("a: *x\n"), "f.yaml:1:4: the referenced anchor is not defined");
  EXPECT_EQ(error("a: !!int 1\n"), "f.yaml:1:4: found the tag \"tag:yaml.org,2002:int\", expected a plain value");
  EXPECT_EQ(error("a: 1\n---\nb: 1\n"), "f.yaml:3:1: found a second document, expected one a file");
  EXPECT_EQ(error("[a, b]: 1\n"), "f.yaml:1:1: found a list as a key, expected a name");
  EXPECT_EQ(error("a: {b: 1\n"), "f.yaml:2:1: end of map flow not found");
  EXPECT_EQ(error(std::string_view("a: \0", 4)), "f.yaml: found a zero byte at offset 3, expected text");
  EXPECT_EQ(error(std::string(5 << 20, 'a')), "f.yaml: is 5242880 bytes long, expected at most 4194304");
  EXPECT_NE(error(std::string(100000, '[')).find("f.yaml:"), std::string::npos);
}

TEST(Yaml, TypedAccessSaysWhatItFound) {
  YamlFile f = parse_yaml("a: \"1\"\nb: [1]\nc: 1.5\nd:\ne: .inf\n", "f.yaml");
  auto message = [&](auto&& call) -> std::string {
    try { call(); } catch (const Error& e) { return e.text(); }
    return "no error";
  };
  const Yaml& r = f.root;
  EXPECT_EQ(message([&] { r.find("a")->as_int("an integer"); }), "f.yaml:1:4: found \"1\", expected an integer");
  EXPECT_EQ(message([&] { r.find("b")->as_text("a name"); }), "f.yaml:2:4: found a list, expected a name");
  EXPECT_EQ(message([&] { r.find("c")->as_int("an integer"); }), "f.yaml:3:4: found \"1.5\", expected an integer");
  EXPECT_EQ(message([&] { r.find("d")->as_bool("true or false"); }), "f.yaml:4:1: found nothing, expected true or false");
  EXPECT_EQ(message([&] { r.find("e")->as_float("a number"); }), "f.yaml:5:4: found \".inf\", expected a number");
  EXPECT_EQ(message([&] { r.at("z", "the thing"); }), "f.yaml:1:1: the thing has no \"z\", expected one");
  EXPECT_EQ(message([&] { r.only({"a", "b", "c", "dd", "e"}, "a thing"); }),
            "f.yaml:4:1: unknown key \"d\" in a thing, expected one of: a, b, c, dd, e (did you mean 'a'?)");
}

TEST(Yaml, MissingFile) {
  try {
    load_yaml("/nowhere/x.yaml");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.text(), "/nowhere/x.yaml: cannot be read");
    EXPECT_EQ(e.code(), Code::kMissing);
  }
}

}  // namespace
}  // namespace fk::core
