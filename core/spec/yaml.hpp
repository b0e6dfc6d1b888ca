// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace fk::core {

// One node of a YAML document that remembers where it stood, so that whoever finds a mistake in it
// can say where. Anchors, aliases, tags and a second document are refused; so are duplicate keys.
struct Yaml {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;       // "1" is not the number 1
  int line = 1, column = 1;  // of the first character, from 1
  const std::string* file = nullptr;
  std::string text;         // of a scalar
  std::vector<Yaml> items;  // of a list, or the values of a map
  std::vector<Yaml> keys;   // of a map, beside items

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  const Yaml* find(std::string_view key) const;  // in a map; nullptr when it is not there
  // Throw Error "file:line:column: found ..., expected <what>" when the node is something else.
  const std::string& as_text(std::string_view what) const;
  int64_t as_int(std::string_view what) const;
  double as_float(std::string_view what) const;
  std::optional<int64_t> try_int() const;   // the integer that stands here unquoted, if one does
  std::optional<double> try_float() const;  // or the finite number
  bool as_bool(std::string_view what) const;
  const Yaml& as_list(std::string_view what) const;
  const Yaml& as_map(std::string_view what) const;
  const Yaml& at(std::string_view key, std::string_view where) const;  // throws when it is missing
  // Throws for the first key that is none of these; `where` says in what ("a task").
  void only(std::initializer_list<std::string_view> allowed, std::string_view where) const;
  std::string place() const;  // file:line:column
  std::string found() const;  // "a list", "text \"abc\"", "the number 3"
};

template <class... A>
[[noreturn]] void fail_at(const Yaml& node, fmt::format_string<A...> f, A&&... a) {
  throw Error(Code::kBadInput, node.place() + ": " + fmt::format(f, std::forward<A>(a)...));
}

// A parsed file; nodes point into it.
struct YamlFile {
  std::unique_ptr<std::string> name;
  Yaml root;
};
YamlFile parse_yaml(std::string_view text, std::string file_name);
YamlFile load_yaml(const std::filesystem::path&, std::string shown_name = "");

}  // namespace fk::core
