// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <istream>
#include <set>
#include <streambuf>

#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

constexpr size_t kMaxBytes = 4 << 20;  // nobody writes such a file by hand; bounds time and memory

struct MemoryBuffer : std::streambuf {
  explicit MemoryBuffer(std::string_view s) {
    char* p = const_cast<char*>(s.data());
    setg(p, p, p + s.size());
  }
};

// yaml-cpp's events become our tree: its own Node drops the style of scalars, merges duplicate keys and costs twice the time.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string* file) : file_(file) {}
  Yaml take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& m, YAML::anchor_t) override { add(node(m, Yaml::Kind::kNull)); }
  void OnAlias(const YAML::Mark& m, YAML::anchor_t) override {
    fail_at(node(m, Yaml::Kind::kNull), "found an alias (*name), expected the value itself");
  }
  void OnAnchor(const YAML::Mark& m, const std::string& name) override {
    fail_at(node(m, Yaml::Kind::kNull), "found the anchor &{}, expected a plain value", name);
  }
  void OnScalar(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Yaml n = node(m, Yaml::Kind::kScalar);
    check_tag(n, tag);
    n.quoted = tag == "!";
    n.text = value;
    add(std::move(n));
  }
  void OnSequenceStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(m, tag, Yaml::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(m, tag, Yaml::Kind::kMap);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  Yaml node(const YAML::Mark& m, Yaml::Kind kind) const {
    Yaml n;
    n.kind = kind;
    n.line = m.line + 1;
    n.column = m.column + 1;
    n.file = file_;
    return n;
  }
  static void check_tag(const Yaml& n, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      fail_at(n, "found the tag \"{}\", expected a plain value", tag);
  }
  void open(const YAML::Mark& m, const std::string& tag, Yaml::Kind kind) {
    Yaml n = node(m, kind);
    check_tag(n, tag);
    stack_.push_back(std::move(n));
  }
  void close() {
    Yaml n = std::move(stack_.back());
    stack_.pop_back();
    if (n.is_map()) check_duplicates(n);
    add(std::move(n));
  }
  static void check_duplicates(const Yaml& map) {
    auto refuse = [](const Yaml& again, const Yaml& first) {
      fail_at(again, "key \"{}\" is here twice, first on line {}; expected it once", again.text, first.line);
    };
    if (map.keys.size() > 64) {
      std::set<std::string_view> seen;
      for (const Yaml& k : map.keys)
        if (!seen.insert(k.text).second) refuse(k, *std::find_if(map.keys.begin(), map.keys.end(), [&](const Yaml& o) { return o.text == k.text; }));
      return;
    }
    for (size_t i = 1; i < map.keys.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (map.keys[i].text == map.keys[j].text) refuse(map.keys[i], map.keys[j]);
  }
  void add(Yaml n) {
    if (stack_.empty()) {
      root_ = std::move(n);
      return;
    }
    Yaml& top = stack_.back();
    if (top.is_map() && top.keys.size() == top.items.size()) {
      if (!n.is_scalar()) fail_at(n, "found {} as a key, expected a name", n.found());
      top.keys.push_back(std::move(n));
    } else {
      if (n.is_null() && top.is_map()) {  // "key:" with nothing behind it: the key is where to look
        n.line = top.keys.back().line;
        n.column = top.keys.back().column;
      }
      top.items.push_back(std::move(n));
    }
  }

  const std::string* file_;
  Yaml root_;
  std::vector<Yaml> stack_;
};

std::string joined(std::initializer_list<std::string_view> names) {
  std::string s;
  for (std::string_view n : names) (s += s.empty() ? "" : ", ") += n;
  return s;
}

[[noreturn]] void wrong(const Yaml& n, std::string_view what) {
  fail_at(n, "found {}, expected {}", n.found(), what);
}

}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i].text == key) return &items[i];
  return nullptr;
}

const std::string& Yaml::as_text(std::string_view what) const {
  if (!is_scalar()) wrong(*this, what);
  return text;
}

std::optional<int64_t> Yaml::try_int() const {
  int64_t v = 0;
  if (!is_scalar() || quoted) return std::nullopt;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, v);
  if (error != std::errc() || end != last) return std::nullopt;
  return v;
}

std::optional<double> Yaml::try_float() const {
  double v = 0;
  if (!is_scalar() || quoted) return std::nullopt;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, v);
  if (error != std::errc() || end != last || v - v != 0) return std::nullopt;  // v - v: inf and nan are no numbers here
  return v;
}

int64_t Yaml::as_int(std::string_view what) const {
  if (std::optional<int64_t> v = try_int()) return *v;
  wrong(*this, what);
}

double Yaml::as_float(std::string_view what) const {
  if (std::optional<double> v = try_float()) return *v;
  wrong(*this, what);
}

bool Yaml::as_bool(std::string_view what) const {
  if (!is_scalar() || quoted || (text != "true" && text != "false")) wrong(*this, what);
  return text == "true";
}

const Yaml& Yaml::as_list(std::string_view what) const {
  if (!is_list()) wrong(*this, what);
  return *this;
}

const Yaml& Yaml::as_map(std::string_view what) const {
  if (!is_map()) wrong(*this, what);
  return *this;
}

const Yaml& Yaml::at(std::string_view key, std::string_view where) const {
  if (const Yaml* n = find(key)) return *n;
  fail_at(*this, "{} has no \"{}\", expected one", where, key);
}

void Yaml::only(std::initializer_list<std::string_view> allowed, std::string_view where) const {
  for (const Yaml& key : keys) {
    if (std::find(allowed.begin(), allowed.end(), key.text) != allowed.end()) continue;
    fail_at(key, "unknown key \"{}\" in {}, expected one of: {}{}", key.text, where, joined(allowed),
            did_you_mean(key.text, allowed));
  }
}

std::string Yaml::place() const { return fmt::format("{}:{}:{}", file ? *file : "", line, column); }

std::string Yaml::found() const {
  switch (kind) {
    case Kind::kNull: return "nothing";
    case Kind::kList: return "a list";
    case Kind::kMap: return "a map";
    case Kind::kScalar: break;
  }
  std::string shown = text.size() > 60 ? text.substr(0, 60) + "..." : text;
  return '"' + shown + '"';
}

YamlFile parse_yaml(std::string_view text, std::string file_name) {
  YamlFile out{std::make_unique<std::string>(std::move(file_name)), {}};
  if (text.size() > kMaxBytes)
    bad_input("{}: is {} bytes long, expected at most {}", *out.name, text.size(), kMaxBytes);
  if (size_t nul = text.find('\0'); nul != text.npos)
    bad_input("{}: found a zero byte at offset {}, expected text", *out.name, nul);
  out.root.file = out.name.get();
  try {
    MemoryBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder tree(out.name.get());
    if (!parser.HandleNextDocument(tree)) fail_at(out.root, "the file is empty, expected a map");
    TreeBuilder second(out.name.get());
    if (parser.HandleNextDocument(second))
      fail_at(second.take(), "found a second document, expected one a file");
    out.root = tree.take();
  } catch (const YAML::Exception& e) {
    bad_input("{}:{}:{}: {}", *out.name, e.mark.line + 1, e.mark.column + 1, e.msg);
  }
  return out;
}

YamlFile load_yaml(const std::filesystem::path& path, std::string shown_name) {
  if (shown_name.empty()) shown_name = path.string();
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in || std::filesystem::is_directory(path)) missing("{}: cannot be read", shown_name);
  std::string text(size_t(in.tellg()), '\0');
  in.seekg(0);
  in.read(text.data(), std::streamsize(text.size()));
  return parse_yaml(text, std::move(shown_name));
}

}  // namespace fk::core
