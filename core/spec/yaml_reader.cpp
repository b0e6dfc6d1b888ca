// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml_reader.hpp"

#include <algorithm>
#include <set>

#include "core/spec/yaml_scalar.hpp"

namespace fk::core {
namespace {

constexpr int kMaxDepth = 100;  // bounds the stack
using Kind = Yaml::Kind;

class Reader {
 public:
  Reader(std::string_view text, const std::string* file) : in_(text, file) {}

  Yaml document() {
    if (in_.left().starts_with("\xef\xbb\xbf")) in_.skip(3);
    in_.to_content();
    if (in_.column() == 1 && in_.peek() == '%')
      in_.fail("found a directive (%), expected the document itself");
    if (in_.at_marker("---")) in_.skip(3), in_.to_content();
    if (in_.done() || in_.at_marker("..."))
      fail_at(in_.node(Kind::kNull), "the file is empty, expected a map");
    Yaml root = block_node(0);
    in_.to_content();
    if (in_.at_marker("...")) in_.skip(3), in_.to_content();
    if (in_.at_marker("---")) in_.fail("found a second document, expected one a file");
    if (!in_.done())
      in_.fail("found {} behind the value, expected the end of the file", in_.word());
    return root;
  }

 private:
  struct Deeper {
    explicit Deeper(Reader& r) : reader(r) {
      if (++r.depth_ > kMaxDepth) r.in_.fail("nested more than {} deep", kMaxDepth);
    }
    ~Deeper() { --reader.depth_; }
    Reader& reader;
  };

  // A node whose first character is the next one; everything of it stands at column `least` or to
  // the right.
  Yaml block_node(int least) {
    Deeper deeper(*this);
    if (in_.at_dash()) return block_list();
    if (in_.at_key()) return block_map();
    return inline_value(least);
  }

  Yaml block_list() {
    Yaml list = in_.node(Kind::kList);
    const int column = in_.column();
    while (!in_.done() && in_.column() == column && in_.at_dash()) {
      const Yaml dash = in_.node(Kind::kNull);
      in_.skip(1);
      list.items.push_back(value_behind(dash, column + 1));
      to_sibling(column);
    }
    return list;
  }

  Yaml block_map() {
    Yaml map = in_.node(Kind::kMap);
    const int column = in_.column();
    while (!in_.done() && in_.column() == column && !in_.at_marker("---") &&
           !in_.at_marker("...")) {
      if (in_.at_dash()) in_.fail("found \"-\" between the keys of a map, expected a key");
      if (!in_.at_key()) in_.fail("found {}, expected a key and \":\"", in_.word());
      Yaml key = in_.key();
      map.items.push_back(value_behind(key, in_.next_is_list_at(column) ? column : column + 1));
      map.keys.push_back(std::move(key));
      to_sibling(column);
    }
    check_duplicates(map);
    return map;
  }

  // What stands behind "key:" or "-": on the same line, or below at `least` or further right;
  // nothing is null.
  Yaml value_behind(const Yaml& owner, int least) {
    in_.spaces();
    if (!in_.at_line_end()) {
      if (owner.is_null() && (in_.at_dash() || in_.at_key()))
        return block_node(least);  // "- key: value"
      return inline_value(least);
    }
    in_.to_content();
    if (!in_.done() && in_.column() >= least && !in_.at_marker("---") && !in_.at_marker("..."))
      return block_node(least);
    Yaml nothing = owner;
    nothing.kind = Kind::kNull;
    nothing.text.clear();
    return nothing;
  }

  // After an entry: at the next line's content, which must belong to this level or to one further
  // left.
  void to_sibling(int column) {
    in_.to_content();
    if (!in_.done() && in_.column() > column)
      in_.fail("found {} at column {}, expected column {} as the lines above", in_.word(),
               in_.column(), column);
  }

  Yaml inline_value(int least) {
    const char c = in_.peek();
    if (c == '|' || c == '>') return in_.block_scalar(least);
    if (c == '[' || c == '{' || c == '"' || c == '\'') {
      Yaml value = flow_node();
      in_.spaces();
      if (in_.peek() == ':' && !value.is_scalar())
        fail_at(value, "found {} as a key, expected a name", value.found());
      if (!in_.at_line_end())
        in_.fail("found {} behind the value, expected the end of the line", in_.word());
      return value;
    }
    return in_.plain(false, least);
  }

  Yaml flow_node() {
    Deeper deeper(*this);
    switch (in_.peek()) {
      case '[': return flow_list();
      case '{': return flow_map();
      case '"':
      case '\'': return in_.quoted();
      default: return in_.plain(true, 1);
    }
  }

  Yaml flow_list() {
    Yaml list = in_.node(Kind::kList);
    in_.skip(1);
    for (;;) {
      in_.to_content();
      if (in_.peek() == ']') break;
      expect_more(list, "\"]\"");
      list.items.push_back(flow_node());
      in_.to_content();
      if (in_.peek() == ',')
        in_.skip(1);
      else if (in_.peek() != ']')
        refuse_in(list, "\",\" or \"]\"");
    }
    in_.skip(1);
    return list;
  }

  Yaml flow_map() {
    Yaml map = in_.node(Kind::kMap);
    in_.skip(1);
    for (;;) {
      in_.to_content();
      if (in_.peek() == '}') break;
      expect_more(map, "\"}\"");
      Yaml key = flow_node();
      if (key.is_null())
        key.text = "null";
      else if (!key.is_scalar())
        fail_at(key, "found {} as a key, expected a name", key.found());
      key.kind = Kind::kScalar;
      Yaml value = key;
      value.kind = Kind::kNull;
      value.text.clear();
      in_.to_content();
      if (in_.peek() == ':') {
        in_.skip(1);
        in_.to_content();
        if (in_.peek() != ',' && in_.peek() != '}') {
          expect_more(map, "\"}\"");
          value = flow_node();
          in_.to_content();
        }
      }
      map.keys.push_back(std::move(key));
      map.items.push_back(std::move(value));
      if (in_.peek() == ',')
        in_.skip(1);
      else if (in_.peek() != '}')
        refuse_in(map, "\",\" or \"}\"");
    }
    in_.skip(1);
    check_duplicates(map);
    return map;
  }

  void expect_more(const Yaml& open, const char* close) {
    if (in_.done() || in_.peek() == ',' || in_.peek() == ']' || in_.peek() == '}')
      refuse_in(open, in_.done() ? close : "a value");
  }
  [[noreturn]] void refuse_in(const Yaml& open, const char* expected) {
    in_.fail("found {}, expected {} in the {} that begins at {}:{}", in_.word(), expected,
             open.is_map() ? "map" : "list", open.line, open.column);
  }

  static void check_duplicates(const Yaml& map) {
    auto refuse = [](const Yaml& again, const Yaml& first) {
      fail_at(again, "key \"{}\" is here twice, first on line {}; expected it once", again.text,
              first.line);
    };
    if (map.keys.size() > 64) {
      std::set<std::string_view> seen;
      for (const Yaml& k : map.keys)
        if (!seen.insert(k.text).second)
          refuse(k, *std::find_if(map.keys.begin(), map.keys.end(),
                                  [&](const Yaml& o) { return o.text == k.text; }));
      return;
    }
    for (size_t i = 1; i < map.keys.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (map.keys[i].text == map.keys[j].text) refuse(map.keys[i], map.keys[j]);
  }

  YamlInput in_;
  int depth_ = 0;
};

}  // namespace

Yaml read_yaml(std::string_view text, const std::string* file) {
  return Reader(text, file).document();
}

}  // namespace fk::core
