// SPDX-License-Identifier: Apache-2.0
// Every published template of two packages renders what Python's jinja2 rendered
// (tests/golden/make_chat_templates.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/text/chat_template.hpp"
#include "tests/unit/jinja/sha256.hpp"

namespace fk::core {
namespace {

using Json = nlohmann::ordered_json;

std::string read(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  if (!in)
    throw std::runtime_error(p.string() +
                             " is missing: run scripts/fetch_models.sh tests/packages.txt");
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::string rendered(const ChatTemplate& t, const Json& context, std::string& text) {
  constexpr std::time_t kNow = 1767323045;  // 2026-01-02 03:04:05 UTC
  try {
    text = t.render(context, kNow);
    return sha256(text).substr(0, 16);
  } catch (const Error& e) {
    text = e.text();
    return "error";
  }
}

TEST(PublishedTemplates, RenderAsJinja2) {
  const std::filesystem::path root = FK_SOURCE_DIR;
  const Json golden = Json::parse(read(root / "tests/golden/chat_templates.json"));
  size_t templates = 0, equal = 0;
  for (const auto& [name, expected] : golden["expected"].items()) {
    const ChatTemplate t = ChatTemplate::parse(read(root / "third_party/models" / name), name);
    for (size_t i = 0; i < expected.size(); ++i) {
      std::string text;
      const std::string got = rendered(t, golden["contexts"][i], text);
      EXPECT_EQ(got, expected[i].get<std::string>()) << name << " with conversation " << i << ":\n"
                                                     << text;
      equal += got == expected[i].get<std::string>();
    }
    ++templates;
  }
  EXPECT_GE(templates, 100u);
  EXPECT_GE(equal, 800u);
}

}  // namespace
}  // namespace fk::core
