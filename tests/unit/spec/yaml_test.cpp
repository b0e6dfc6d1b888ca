// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml.hpp"

#include <gtest/gtest.h>

namespace fk::core {
namespace {

std::string error(std::string_view text) {
  try {
    parse_yaml(text, "f.yaml");
  } catch (const Error& e) { return e.text(); }
  return "no error";
}

TEST(Yaml, KnowsWhereEverythingStands) {
  YamlFile f = parse_yaml("a: 1\nb:\n  - x\n  - {c: \"2\"}\n", "f.yaml");
  EXPECT_EQ(f.root.find("b")->items[1].find("c")->place(), "f.yaml:4:9");
  EXPECT_TRUE(f.root.find("b")->items[1].find("c")->quoted);
  EXPECT_EQ(f.root.find("a")->as_int("an integer"), 1);
}

struct Refused {
  const char *text, *message;
};

constexpr Refused kRefused[] = {
    {"", "1:1: the file is empty, expected a map"},
    {"# nothing\n---\n", "3:1: the file is empty, expected a map"},
    {"a: 1\nb: 2\na: 3\n", "3:1: key \"a\" is here twice, first on line 1; expected it once"},
    {"a: {b: 1, b: 2}\n", "1:11: key \"b\" is here twice, first on line 1; expected it once"},
    {"a: &x 1\n", "1:4: found an anchor (\"&x\"), expected the value itself"},
    {"a: *x\n",
     "1:4: found an alias (\"*x\"), expected the value itself; quote a text that begins with *"},
    {"a: !!int 1\n",
     "1:4: found a tag (\"!!int\"), expected the value itself; quote a text that begins with !"},
    {"a: @x\n", "1:4: found \"@x\", expected a value; quote a text that begins so"},
    {"a: ]\n", "1:4: found \"]\", expected a value; quote a text that begins so"},
    {"%YAML 1.2\n---\na: 1\n", "1:1: found a directive (%), expected the document itself"},
    {"a: 1\n---\nb: 1\n", "2:1: found a second document, expected one a file"},
    {"[a, b]: 1\n", "1:1: found a list as a key, expected a name"},
    {"{a: {[b]: 1}}\n", "1:6: found a list as a key, expected a name"},
    {"? a\n: b\n", "1:1: found \"?\", expected a value"},
    {"a: b: c\n", "1:5: found a second \": \" in one value, expected it in quotes: \"...\""},
    {"a: {b: 1\n",
     "2:1: found the end of the file, expected \",\" or \"}\" in the map that begins at 1:4"},
    {"a: {b: 1\nc: 2\n", "2:2: found \":\", expected \",\" or \"}\" in the map that begins at 1:4"},
    {"a: [b c: 1]\n", "1:8: found \":\", expected \",\" or \"]\" in the list that begins at 1:4"},
    {"a: [b,, c]\n", "1:7: found \",\", expected a value in the list that begins at 1:4"},
    {"a: [b\n",
     "2:1: found the end of the file, expected \",\" or \"]\" in the list that begins at 1:4"},
    {"a: [b,\n", "2:1: found the end of the file, expected \"]\" in the list that begins at 1:4"},
    {"a: [b] c\n", "1:8: found \"c\" behind the value, expected the end of the line"},
    {"a: \"b\" c\n", "1:8: found \"c\" behind the value, expected the end of the line"},
    {"a: \"b\n", "1:4: found a text without its closing \", expected one"},
    {"a: \"\\q\"\n", "1:5: found the unknown escape \"\\q\"\", expected one of YAML's"},
    {"a: \"\\u12\"\n", "1:5: found \"\\u12\"\", expected 4 hexadecimal digits"},
    {"a: \"\\ud800\"\n", "1:5: found \"\\ud800\"\", expected a character"},
    {"a: 1\n  b: 2\n", "2:4: found a second \": \" in one value, expected it in quotes: \"...\""},
    {"a:\n    b: 1\n  c: 2\n",
     "3:3: found \"c:\" at column 3, expected column 1 as the lines above"},
    {"{a: 1}\nb: 2\n", "2:1: found \"b:\" behind the value, expected the end of the file"},
    {"a:\n  b: {}\n    c: 2\n",
     "3:5: found \"c:\" at column 5, expected column 3 as the lines above"},
    {"a: 1\nb\n", "2:1: found \"b\", expected a key and \":\""},
    {"a: 1\n- b\n", "2:1: found \"-\" between the keys of a map, expected a key"},
    {"a:\n\tb: 1\n", "2:1: found a tab in the indentation, expected spaces"},
    {"a: |2\n  b\n",
     "1:5: found \"2\" behind the mark of a block of text, expected the end of the line"},
    {"a: \xff\n", "1: found the byte 0xff, expected UTF-8 text"},
    {"a:\n b: \x01\n", "2: found the byte 0x01, expected UTF-8 text"},
};

TEST(Yaml, RefusesWithThePlace) {
  for (const Refused& r : kRefused)
    EXPECT_EQ(error(r.text), std::string("f.yaml:") + r.message) << r.text;
}

TEST(Yaml, RefusesWhatWouldCostTooMuch) {
  EXPECT_EQ(error(std::string_view("a: \0", 4)),
            "f.yaml:1: found the byte 0x00, expected UTF-8 text");
  EXPECT_EQ(error(std::string(5 << 20, 'a')),
            "f.yaml: is 5242880 bytes long, expected at most 4194304");
  EXPECT_EQ(error(std::string(100000, '[')), "f.yaml:1:100: nested more than 100 deep");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += std::string(size_t(i), ' ') + "a:\n";
  EXPECT_EQ(error(deep), "f.yaml:101:101: nested more than 100 deep");
}

TEST(Yaml, TypedAccessSaysWhatItFound) {
  YamlFile f = parse_yaml("a: \"1\"\nb: [1]\nc: 1.5\nd:\ne: .inf\n", "f.yaml");
  auto message = [&](auto&& call) -> std::string {
    try {
      call();
    } catch (const Error& e) { return e.text(); }
    return "no error";
  };
  const Yaml& r = f.root;
  EXPECT_EQ(message([&] { r.find("a")->as_int("an integer"); }),
            "f.yaml:1:4: found \"1\", expected an integer");
  EXPECT_EQ(message([&] { r.find("b")->as_text("a name"); }),
            "f.yaml:2:4: found a list, expected a name");
  EXPECT_EQ(message([&] { r.find("c")->as_int("an integer"); }),
            "f.yaml:3:4: found \"1.5\", expected an integer");
  EXPECT_EQ(message([&] { r.find("d")->as_bool("true or false"); }),
            "f.yaml:4:1: found nothing, expected true or false");
  EXPECT_EQ(message([&] { r.find("e")->as_float("a number"); }),
            "f.yaml:5:4: found \".inf\", expected a number");
  EXPECT_EQ(message([&] { r.at("z", "the thing"); }),
            "f.yaml:1:1: the thing has no \"z\", expected one");
  EXPECT_EQ(message([&] {
              r.only({"a", "b", "c", "dd", "e"}, "a thing");
            }),
            "f.yaml:4:1: unknown key \"d\" in a thing, expected one of: a, b, c, dd, e (did you "
            "mean 'a'?)");
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
