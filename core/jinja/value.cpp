// SPDX-License-Identifier: Apache-2.0
#include "core/jinja/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fk::core::jinja {

void fail(std::string text) { throw RenderError(std::move(text)); }

Value Value::from_json(const nlohmann::ordered_json& j) {
  using T = nlohmann::ordered_json::value_t;
  switch (j.type()) {
    case T::null:
    case T::discarded: return None{};
    case T::boolean: return j.get<bool>();
    case T::number_integer:
    case T::number_unsigned: return j.get<int64_t>();
    case T::number_float: return j.get<double>();
    case T::string: return j.get<std::string>();
    case T::array: {
      List out;
      for (const auto& e : j) out.push_back(from_json(e));
      return out;
    }
    case T::object: {
      Dict out;
      for (const auto& [k, v] : j.items()) out.emplace_back(k, from_json(v));
      return out;
    }
    case T::binary: break;
  }
  fail("binary JSON values have no place in a template");
}

Value Value::tuple(List v) {
  Value out(std::move(v));
  out.tuple_ = true;
  return out;
}

const List* Value::list() const {
  auto* p = get<std::shared_ptr<const List>>();
  return p ? p->get() : nullptr;
}

const Dict* Value::dict() const {
  auto* p = get<std::shared_ptr<const Dict>>();
  return p ? p->get() : nullptr;
}

double Value::number() const {
  if (auto* b = get<bool>()) return *b;
  if (auto* i = get<int64_t>()) return double(*i);
  if (auto* d = get<double>()) return *d;
  fail(fmt::format("a number is needed, found {}", type_name()));
}

bool Value::truth() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return number() != 0;
  if (auto* s = string()) return !s->empty();
  if (auto* l = list()) return !l->empty();
  if (auto* d = dict()) return !d->empty();
  return true;
}

const Value* Value::find(std::string_view key) const {
  const Dict* d = dict();
  if (auto* n = get<std::shared_ptr<Namespace>>()) d = &(*n)->fields;
  if (!d) return nullptr;
  for (const auto& [k, v] : *d)
    if (k == key) return &v;
  return nullptr;
}

std::string Value::type_name() const {
  constexpr const char* kNames[] = {"undefined", "NoneType", "bool", "int",       "float",
                                    "str",       "list",     "dict", "namespace", "function"};
  return tuple_ ? "tuple" : kNames[data_.index()];
}

namespace {

std::string float_text(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  std::string s = fmt::format("{}", v);
  return s.find_first_of(".e") == std::string::npos ? s + ".0" : s;
}

std::string quoted(const std::string& s) {  // Python's repr of a str
  const char quote =
      s.find('\'') != std::string::npos && s.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (unsigned char c : s) {
    if (c == quote || c == '\\')
      (out += '\\') += char(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (c < 32 || c == 127)
      out += fmt::format("\\x{:02x}", c);
    else
      out += char(c);
  }
  return out + quote;
}

void json_string(const std::string& s, bool ascii, std::string& out) {
  out += nlohmann::ordered_json(s).dump(-1, ' ', ascii,
                                        nlohmann::ordered_json::error_handler_t::replace);
}

void json(const Value& v, int indent, int depth, bool sort, bool ascii, std::string& out) {
  if (depth > 200) fail("tojson: nested deeper than 200 levels");
  auto line = [&](int d) {
    if (indent >= 0) out += '\n' + std::string(size_t(indent) * size_t(d), ' ');
  };
  const char* comma = indent >= 0 ? "," : ", ";
  if (v.is_none())
    out += "null";
  else if (auto* b = v.get<bool>())
    out += *b ? "true" : "false";
  else if (auto* i = v.get<int64_t>())
    out += fmt::format("{}", *i);
  else if (auto* d = v.get<double>())
    out += std::isnan(*d)   ? "NaN"
           : std::isinf(*d) ? (*d < 0 ? "-Infinity" : "Infinity")
                            : float_text(*d);
  else if (auto* s = v.string())
    json_string(*s, ascii, out);
  else if (auto* l = v.list()) {
    out += '[';
    for (size_t k = 0; k < l->size(); ++k) {
      if (k) out += comma;
      line(depth + 1);
      json((*l)[k], indent, depth + 1, sort, ascii, out);
    }
    if (!l->empty()) line(depth);
    out += ']';
  } else if (auto* dict = v.dict()) {
    Dict sorted = *dict;
    if (sort)
      std::sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.first < b.first; });
    out += '{';
    for (size_t k = 0; k < sorted.size(); ++k) {
      if (k) out += comma;
      line(depth + 1);
      json_string(sorted[k].first, ascii, out);
      out += ": ";
      json(sorted[k].second, indent, depth + 1, sort, ascii, out);
    }
    if (!sorted.empty()) line(depth);
    out += '}';
  } else {
    fail(fmt::format("tojson: an object of type {} is not JSON", v.type_name()));
  }
}

std::string repr_at(const Value& v, int depth) {
  if (depth > 200) fail("printing: nested deeper than 200 levels");
  if (auto* s = v.string()) return quoted(*s);
  if (v.is_undefined()) return "Undefined";
  if (v.is_none()) return "None";
  if (auto* b = v.get<bool>()) return *b ? "True" : "False";
  if (auto* i = v.get<int64_t>()) return fmt::format("{}", *i);
  if (auto* d = v.get<double>()) return float_text(*d);
  if (auto* l = v.list()) {
    std::string out(1, v.is_tuple() ? '(' : '[');
    for (size_t k = 0; k < l->size(); ++k) out += (k ? ", " : "") + repr_at((*l)[k], depth + 1);
    if (v.is_tuple() && l->size() == 1) out += ',';
    return out + (v.is_tuple() ? ')' : ']');
  }
  if (auto* d = v.dict()) {
    std::string out = "{";
    for (size_t k = 0; k < d->size(); ++k)
      out += (k ? ", " : "") + quoted((*d)[k].first) + ": " + repr_at((*d)[k].second, depth + 1);
    return out + "}";
  }
  return "<" + v.type_name() + ">";
}

}  // namespace

std::string Value::text() const {
  if (auto* s = string()) return *s;
  if (is_undefined()) return "";
  return repr_at(*this, 0);
}

std::string Value::repr() const { return repr_at(*this, 0); }

std::string Value::to_json(int indent, bool sort_keys, bool ensure_ascii) const {
  std::string out;
  json(*this, indent, 0, sort_keys, ensure_ascii, out);
  return out;
}

List Value::iterate() const {
  if (auto* l = list()) return *l;
  List out;
  if (is_undefined()) return out;
  if (auto* d = dict()) {
    for (const auto& [k, v] : *d) out.emplace_back(k);
    return out;
  }
  if (auto* s = string()) {
    for (std::string_view c : code_points(*s)) out.emplace_back(std::string(c));
    return out;
  }
  fail(fmt::format("'{}' object is not iterable", type_name()));
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    auto *x = a.get<int64_t>(), *y = b.get<int64_t>();
    return x && y ? *x == *y : a.number() == b.number();
  }
  if (a.string() && b.string()) return *a.string() == *b.string();
  if (a.list() && b.list())
    return a.list() == b.list() || std::equal(a.list()->begin(), a.list()->end(), b.list()->begin(),
                                              b.list()->end(), equal);
  if (a.dict() && b.dict()) {
    if (a.dict()->size() != b.dict()->size()) return false;
    return std::all_of(a.dict()->begin(), a.dict()->end(), [&](const auto& kv) {
      const Value* other = b.find(kv.first);
      return other && equal(kv.second, *other);
    });
  }
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    auto *x = a.get<int64_t>(), *y = b.get<int64_t>();
    return x && y ? *x < *y : a.number() < b.number();
  }
  if (a.string() && b.string()) return *a.string() < *b.string();
  if (a.list() && b.list())
    return std::lexicographical_compare(a.list()->begin(), a.list()->end(), b.list()->begin(),
                                        b.list()->end(), less);
  fail(fmt::format("'<' is not supported between '{}' and '{}'", a.type_name(), b.type_name()));
}

bool contains(const Value& container, const Value& item) {
  if (auto* s = container.string()) {
    if (!item.string())
      fail(fmt::format("'in <string>' needs a string on its left, found {}", item.type_name()));
    return s->find(*item.string()) != std::string::npos;
  }
  if (container.dict() || container.get<std::shared_ptr<Value::Namespace>>())
    return item.string() && container.find(*item.string());
  if (auto* l = container.list())
    return std::any_of(l->begin(), l->end(), [&](const Value& v) { return equal(v, item); });
  if (container.is_undefined()) return false;
  fail(fmt::format("argument of type '{}' is not iterable", container.type_name()));
}

}  // namespace fk::core::jinja
