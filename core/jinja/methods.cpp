// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/interpreter.hpp"

namespace fk::core::jinja {
namespace {

const std::string& text_of(const Value& v, std::string_view what) {
  if (!v.string()) fail(fmt::format("{} needs a string, found {}", what, v.type_name()));
  return *v.string();
}

// str.split and rsplit; `limit` < 0: no limit.
List split(const std::string& s, const std::string* by, int64_t limit, bool from_right) {
  if (by && by->empty()) fail("split: empty separator");
  List out;
  if (by) {
    std::vector<size_t> cuts;
    for (size_t p = s.find(*by); p != std::string::npos; p = s.find(*by, p + by->size()))
      cuts.push_back(p);
    if (from_right && limit >= 0) {  // overlapping matches from the right, as Python finds them
      cuts.clear();
      for (size_t p = s.size(); limit > 0 && p >= by->size(); --limit) {
        const size_t found = s.rfind(*by, p - by->size());
        if (found == std::string::npos) break;
        cuts.insert(cuts.begin(), found);
        p = found;
      }
    } else if (limit >= 0 && cuts.size() > size_t(limit)) {
      cuts.resize(size_t(limit));
    }
    size_t at = 0;
    for (size_t cut : cuts) out.emplace_back(s.substr(at, cut - at)), at = cut + by->size();
    out.emplace_back(s.substr(at));
    return out;
  }
  const auto points = code_points(s);
  size_t i = 0;
  while (true) {
    while (i < points.size() && is_space(points[i])) ++i;
    if (i == points.size()) break;
    if (limit >= 0 && out.size() == size_t(limit)) {
      const size_t at = size_t(points[i].data() - s.data());
      out.emplace_back(strip(std::string_view(s).substr(at), false, true));
      break;
    }
    std::string word;
    while (i < points.size() && !is_space(points[i])) word += points[i++];
    out.emplace_back(std::move(word));
  }
  if (from_right && limit >= 0) fail("rsplit with a limit needs a separator");
  return out;
}

List split_lines(const std::string& s) {
  List out;
  for (size_t at = 0; at < s.size();) {
    const size_t end = std::min(s.find_first_of("\n\r", at), s.size());
    out.emplace_back(s.substr(at, end - at));
    at = end + (s.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  return out;
}

bool affix(const std::string& s, const Value& which, bool front) {
  const List options = which.list() ? *which.list() : List{which};
  return std::any_of(options.begin(), options.end(), [&](const Value& v) {
    const std::string& a = text_of(v, front ? "startswith" : "endswith");
    return s.size() >= a.size() && s.compare(front ? 0 : s.size() - a.size(), a.size(), a) == 0;
  });
}

int64_t position(const std::string& s, size_t byte) {
  return byte == std::string::npos
             ? -1
             : int64_t(code_points(std::string_view(s).substr(0, byte)).size());
}

std::optional<Value> string_method(const std::string& s, const std::string& name, const Args& a) {
  auto text = [&](size_t i, std::string_view n) -> const std::string& {
    return text_of(a.need(i, n, name), name);
  };
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const Value chars = a.get(0, "chars", None{});
    return Value(strip(s, name[0] != 'r', name[0] != 'l', chars.string()));
  }
  if (name == "split" || name == "rsplit") {
    const Value by = a.get(0, "sep", None{}), limit = a.get(1, "maxsplit", -1);
    if (!by.is_none()) text_of(by, name);
    return Value(
        split(s, by.string(), limit.get<int64_t>() ? *limit.get<int64_t>() : -1, name[0] == 'r'));
  }
  if (name == "splitlines") return Value(split_lines(s));
  if (name == "startswith") return Value(affix(s, a.need(0, "prefix", name), true));
  if (name == "endswith") return Value(affix(s, a.need(0, "suffix", name), false));
  if (name == "removeprefix") {
    const auto& p = text(0, "prefix");
    return Value(s.compare(0, p.size(), p) == 0 ? s.substr(p.size()) : s);
  }
  if (name == "removesuffix") {
    const auto& p = text(0, "suffix");
    return Value(affix(s, p, false) ? s.substr(0, s.size() - p.size()) : s);
  }
  if (name == "find") return Value(position(s, s.find(text(0, "sub"))));
  if (name == "rfind") return Value(position(s, s.rfind(text(0, "sub"))));
  if (name == "index") {
    const int64_t at = position(s, s.find(text(0, "sub")));
    if (at < 0) fail("substring not found");
    return Value(at);
  }
  if (name == "count") {
    const std::string& sub = text(0, "sub");
    if (sub.empty()) return Value(code_points(s).size() + 1);
    int64_t n = 0;
    for (size_t p = s.find(sub); p != std::string::npos; p = s.find(sub, p + sub.size())) ++n;
    return Value(n);
  }
  if (name == "join") return apply_filter("join", a.need(0, "iterable", name), {{Value(s)}, {}});
  if (name == "replace" || name == "upper" || name == "lower" || name == "title" ||
      name == "capitalize")
    return apply_filter(name, Value(s), a);
  if (name == "isdigit" || name == "isnumeric" || name == "isdecimal")
    return Value(!s.empty() && s.find_first_not_of("0123456789") == std::string::npos);
  if (name == "isspace") {
    const auto p = code_points(s);
    return Value(!p.empty() && std::all_of(p.begin(), p.end(), is_space));
  }
  if (name == "isupper") return Value(s == change_case(s, true) && s != change_case(s, false));
  if (name == "islower") return Value(s == change_case(s, false) && s != change_case(s, true));
  return std::nullopt;
}

std::optional<Value> dict_method(const Value& dict, const std::string& name, const Args& a) {
  if (name == "items") return apply_filter("items", dict, {});
  if (name == "keys") return Value(dict.iterate());
  if (name == "values") {
    List out;
    for (const auto& kv : *dict.dict()) out.push_back(kv.second);
    return Value(std::move(out));
  }
  if (name == "get") {
    const Value& key = a.need(0, "key", name);
    const Value* v = key.string() ? dict.find(*key.string()) : nullptr;
    return v ? *v : a.get(1, "default", None{});
  }
  if (name == "copy") return dict;
  return std::nullopt;
}

std::optional<Value> list_method(const Value& list, const std::string& name, const Args& a) {
  const List& l = *list.list();
  if (name == "index") {
    for (size_t i = 0; i < l.size(); ++i)
      if (equal(l[i], a.need(0, "value", name))) return Value(i);
    fail(fmt::format("{} is not in list", a.need(0, "value", name).repr()));
  }
  if (name == "count")
    return Value(std::count_if(l.begin(), l.end(),
                               [&](const Value& v) { return equal(v, a.need(0, "value", name)); }));
  if (name == "copy") return list;
  if (name == "append" || name == "extend" || name == "insert" || name == "pop" ||
      name == "remove" || name == "sort" || name == "reverse" || name == "clear")
    fail(fmt::format("list.{} changes a list in place, which templates may not do", name));
  return std::nullopt;
}

// Whether a type has a method of that name is asked without arguments to call it with.
bool has_method(const Value& v, const std::string& name) {
  constexpr std::string_view kString[] = {
      "strip",     "lstrip",       "rstrip",       "split",   "rsplit", "splitlines", "startswith",
      "endswith",  "removeprefix", "removesuffix", "find",    "rfind",  "index",      "count",
      "join",      "replace",      "upper",        "lower",   "title",  "capitalize", "isdigit",
      "isnumeric", "isdecimal",    "isspace",      "isupper", "islower"};
  constexpr std::string_view kDict[] = {"items", "keys", "values", "get", "copy"};
  constexpr std::string_view kList[] = {"index", "count",  "copy", "append",  "extend", "insert",
                                        "pop",   "remove", "sort", "reverse", "clear"};
  auto in = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  return v.string() ? in(kString) : v.dict() ? in(kDict) : v.list() ? in(kList) : false;
}

}  // namespace

std::optional<Function> find_method(const Value& object, const std::string& name) {
  if (!has_method(object, name)) return std::nullopt;
  return [object, name](const List& positional, const Kwargs& named) -> Value {
    const Args args{positional, named};
    std::optional<Value> v = object.string() ? string_method(*object.string(), name, args)
                             : object.dict() ? dict_method(object, name, args)
                                             : list_method(object, name, args);
    if (!v) fail(fmt::format("'{}' has no method '{}'", object.type_name(), name));
    return *v;
  };
}

Value get_attribute(const Value& object, const std::string& name) {
  if (auto* u = object.get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
  if (auto method = find_method(object, name)) return std::move(*method);
  if (const Value* v = object.find(name)) return *v;
  return Value::undefined(fmt::format("{} object has no attribute '{}'", object.type_name(), name));
}

Value get_item(const Value& object, const Value& key) {
  if (auto* u = object.get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
  if (key.string()) {
    if (const Value* v = object.find(*key.string())) return *v;
    if (auto method = find_method(object, *key.string())) return std::move(*method);
    return Value::undefined(
        fmt::format("{} object has no element {}", object.type_name(), key.repr()));
  }
  const int64_t* index = key.get<int64_t>();
  if (index && (object.list() || object.string())) {
    const List characters = object.string() ? object.iterate() : List{};
    const List& items = object.list() ? *object.list() : characters;
    const auto n = int64_t(items.size());
    const int64_t i = *index < 0 ? *index + n : *index;
    if (i >= 0 && i < n) return items[size_t(i)];
  }
  return Value::undefined(
      fmt::format("{} object has no element {}", object.type_name(), key.repr()));
}

}  // namespace fk::core::jinja
