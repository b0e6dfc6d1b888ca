// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest.hpp"

#include <yaml-cpp/yaml.h>

#include <cctype>
#include <cstring>
#include <set>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/plugin/content_hash.hpp"

namespace fk::core {
namespace {

const std::vector<std::string> kKeys{"name", "version", "library", "sources", "language",
                                     "libs", "flags",   "tasks",   "opens"};
const std::vector<std::string> kLanguages{"c", "cxx", "cuda"};

class Parser {
 public:
  explicit Parser(const std::filesystem::path& file) : file_(file.string()) {}

  template <class... A>
  [[noreturn]] void fail(const YAML::Mark& at, fmt::format_string<A...> f, A&&... a) const {
    bad_input("{}:{}:{}: {}", file_, at.line + 1, at.column + 1,
              fmt::format(f, std::forward<A>(a)...));
  }
  std::string text(const YAML::Node& node, std::string_view key) const {
    if (!node.IsScalar() || node.Scalar().empty()) fail(node.Mark(), "\"{}\" must be text", key);
    return node.Scalar();
  }
  std::vector<std::string> list(const YAML::Node& node, std::string_view key) const {
    if (!node.IsSequence()) fail(node.Mark(), "\"{}\" must be a list", key);
    std::vector<std::string> out;
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) fail(item.Mark(), "\"{}\" must be a list of texts", key);
      out.push_back(item.Scalar());
    }
    return out;
  }
  // A manifest names files of its own folder only: dropping in a folder must not read or build
  // anything else.
  void inside(const YAML::Node& node, std::string_view key, const std::string& path) const {
    const std::filesystem::path p(path);
    bool up = p.is_absolute();
    for (const auto& part : p) up = up || part == "..";
    if (up) fail(node.Mark(), "\"{}: {}\" leaves the plugin's folder", key, path);
  }
  Manifest::Language language(const YAML::Node& node) const {
    const std::string name = text(node, "language");
    if (name == "c") return Manifest::Language::kC;
    if (name == "cxx") return Manifest::Language::kCxx;
    if (name == "cuda") return Manifest::Language::kCuda;
    fail(node.Mark(), "unknown language \"{}\"{}; one of c, cxx, cuda", name,
         did_you_mean(name, kLanguages));
  }

 private:
  std::string file_;
};

}  // namespace

Manifest Manifest::parse(std::string_view text, const std::filesystem::path& file) {
  const Parser p(file);
  Manifest m;
  m.file = file;
  YAML::Node root;
  try {
    root = YAML::Load(std::string(text));
  } catch (const YAML::Exception& e) { p.fail(e.mark, "not YAML: {}", e.msg); }
  if (!root.IsMap())
    p.fail(root.Mark(), "a plugin.yaml is a map with the keys name, version, library or sources");
  std::set<std::string> seen;
  for (const auto& entry : root) {
    const YAML::Node &k = entry.first, &v = entry.second;
    const std::string key = p.text(k, "key");
    if (!seen.insert(key).second) p.fail(k.Mark(), "\"{}\" stands here twice", key);
    if (key == "name")
      m.name = p.text(v, key);
    else if (key == "version")
      m.version = p.text(v, key);
    else if (key == "library")
      p.inside(v, key, m.library = p.text(v, key));
    else if (key == "language")
      m.language = p.language(v);
    else if (key == "sources") {
      m.sources = p.list(v, key);
      for (const std::string& s : m.sources) p.inside(v, key, s);
    } else if (key == "libs")
      m.libs = p.list(v, key);
    else if (key == "flags")
      m.flags = p.list(v, key);
    else if (key == "tasks")
      m.tasks = p.list(v, key);
    else if (key == "opens") {
      m.opens = p.list(v, key);
      for (const std::string& name : m.opens)
        if (name.find('/') != name.npos || !name.starts_with("lib") ||
            name.find(".so") == name.npos)
          p.fail(v.Mark(),
                 "\"opens: {}\" is no library's file name; expected one as the loader finds it, "
                 "e.g. libnvrtc-builtins.so.13.0",
                 name);
    } else
      p.fail(k.Mark(), "unknown key \"{}\"{}", key, did_you_mean(key, kKeys));
  }
  const YAML::Mark top = root.Mark();
  for (const char c : m.name)  // it becomes part of file names and of task[@path]=plugin/name@hash
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("_-.", c))
      p.fail(root["name"].Mark(),
             "name \"{}\" may hold letters, digits, \"_\", \"-\" and \".\" only", m.name);
  if (m.name.empty()) p.fail(top, "\"name\" is missing");
  if (m.version.empty()) p.fail(top, "\"version\" is missing");
  if (m.library.empty() == m.sources.empty())
    p.fail(top,
           "either \"library\" (a prebuilt .so) or \"sources\" (to be built) must stand here{}",
           m.library.empty() ? "" : ", not both");
  return m;
}

Manifest Manifest::read(const std::filesystem::path& file) { return parse(read_file(file), file); }

}  // namespace fk::core
