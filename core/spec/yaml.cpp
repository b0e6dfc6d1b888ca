// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "core/base/nearest.hpp"
#include "core/spec/yaml_reader.hpp"

namespace fk::core {
namespace {

constexpr size_t kMaxBytes = 4 << 20;  // nobody writes such a file by hand; bounds time and memory

// Bytes up to the first one that is no UTF-8 or a control character other than tab and line end.
size_t good_text(std::string_view s) {
  size_t i = 0;
  while (i < s.size()) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c < 0x80) {
      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
      ++i;
      continue;
    }
    const size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || i + length > s.size()) return i;
    for (size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return i;
    const auto next = static_cast<unsigned char>(s[i + 1]);
    if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next >= 0xa0) || (c == 0xf0 && next < 0x90) ||
        (c == 0xf4 && next >= 0x90))
      return i;
    i += length;
  }
  return i;
}

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
  if (error != std::errc() || end != last || v - v != 0)
    return std::nullopt;  // v - v: inf and nan are no numbers here
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
    fail_at(key, "unknown key \"{}\" in {}, expected one of: {}{}", key.text, where,
            joined(allowed), did_you_mean(key.text, allowed));
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
  if (size_t good = good_text(text); good < text.size())
    bad_input("{}:{}: found the byte 0x{:02x}, expected UTF-8 text", *out.name,
              1 + std::count(text.begin(), text.begin() + long(good), '\n'),
              static_cast<unsigned char>(text[good]));
  out.root = read_yaml(text, out.name.get());
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
