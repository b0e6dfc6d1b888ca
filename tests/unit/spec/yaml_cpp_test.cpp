// SPDX-License-Identifier: Apache-2.0
// Our reader and yaml-cpp see the same tree, in every YAML file of the repository and in what is
// easily got wrong.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/spec/yaml.hpp"

namespace fk::core {
namespace {

std::string show(const Yaml& n) {
  std::string s;
  switch (n.kind) {
    case Yaml::Kind::kNull: return "null";
    case Yaml::Kind::kScalar: return (n.quoted ? "quoted<" : "plain<") + n.text + ">";
    case Yaml::Kind::kList:
      for (const Yaml& i : n.items) s += show(i) + ", ";
      return "[" + s + "]";
    case Yaml::Kind::kMap:
      for (size_t i = 0; i < n.keys.size(); ++i)
        s += "<" + n.keys[i].text + ">: " + show(n.items[i]) + ", ";
      return "{" + s + "}";
  }
  return s;
}

std::string show(const YAML::Node& n) {
  std::string s;
  if (!n.IsDefined() || n.IsNull()) return "null";
  if (n.IsScalar()) return (n.Tag() == "!" ? "quoted<" : "plain<") + n.Scalar() + ">";
  if (n.IsSequence()) {
    for (const YAML::Node& i : n) s += show(i) + ", ";
    return "[" + s + "]";
  }
  for (const auto& i : n) s += "<" + i.first.Scalar() + ">: " + show(i.second) + ", ";
  return "{" + s + "}";
}

const char* const kTexts[] = {
    "a: 1\nb: two words # comment\nc:\nd: ~\ne: null\n",
    "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
    "a:\n- 1\n- 2\nb:\n  - x\n  - y: 1\n    z: 2\n  -\n    w: 3\n  - - 1\n    - 2\n",
    "- a\n- b: c\n  d: e\n- [1, 2]\n-\n- f\n",
    "a: {b: 1, c: [x, y, {z: 2}], d: {}, e: [], f, g: }\n",
    "a: {b: 1,\n    c: two\n      words, # comment\n    d: 3,}\n",
    "a: [1,\n  2, # two\n  3\n]\nb: 1\n",
    "a: \"x\\ty\\n\\\"z\\\" \\u00e9 \\x41\"\nb: 'it''s'\n'c d': 1\n\"e\" : 2\n",
    "a: \"one\n  two\n\n  three\"\nb: 'x\n  y'\n",
    "a: one\n  two\n  three\n\n  four\nb: 1\n",
    "a: |\n  one\n   two\n\n  three\nb: |-\n  x\n\nc: |+\n  y\n\nd: 1\n",
    "a: >\n  one\n  two\n\n  three\n    more\n    lines\n  four\n\n\n  five\nb: >-\n  x\n  y\n",
    "a: quant == \"none\"\nb: x#y\nc: http://a.b/c:d\nd: a:b\ne: -1\nf: -x\n",
    "a: {when: quant != \"none\", b: \"f(x, y)\", c: 2*n}\n",
    "---\na: 1\n...\n",
    "\xef\xbb\xbf"
    "a: 1\n",
    "a: 1\r\nb:\r\n  - x\r\n  - \"y\"\r\n",
    "# only\n\n  # comments\na: 1 #x\n#y\nb: 2\n",
    "a: caf\xc3\xa9 \xe2\x82\xac\n",
    "plain text\nover lines\n",
    "a: true\nb: \"true\"\nc: 1.0e-6\nd: .5\n",
    "a:   \n\n\n  b: 1\n\nc: 2",
    "key with spaces: 1\nx.y-z/w: 2\n",
    "a: [a b, c d]\nb: [ {x: 1}, {y: 2} ]\n",
};

TEST(YamlReader, AgreesWithYamlCpp) {
  for (const char* text : kTexts) {
    std::string ours, theirs;
    try {
      ours = show(parse_yaml(text, "f").root);
    } catch (const Error& e) { ours = "refused"; }
    try {
      theirs = show(YAML::Load(text));
    } catch (const YAML::Exception&) { theirs = "refused"; }
    EXPECT_EQ(ours, theirs) << text;
  }
}

TEST(YamlReader, AgreesOnEveryFileOfTheRepository) {
  size_t count = 0;
  for (const char* folder : {"registry", "configs"})
    for (const auto& e : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(FK_SOURCE_DIR) / folder)) {
      if (e.path().extension() != ".yaml") continue;
      std::stringstream text;
      text << std::ifstream(e.path()).rdbuf();
      EXPECT_EQ(show(load_yaml(e.path()).root), show(YAML::Load(text.str()))) << e.path();
      ++count;
    }
  EXPECT_GT(count, 50u);
}

}  // namespace
}  // namespace fk::core
