// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include "core/jinja/interpreter.hpp"

namespace fk::core::jinja {

const Value* Args::find(size_t i, std::string_view name) const {
  if (i < positional.size()) return &positional[i];
  for (const auto& [k, v] : named)
    if (k == name) return &v;
  return nullptr;
}

Value Args::get(size_t i, std::string_view name, Value otherwise) const {
  const Value* v = find(i, name);
  return v ? *v : otherwise;
}

const Value& Args::need(size_t i, std::string_view name, std::string_view what) const {
  const Value* v = find(i, name);
  if (!v) fail(fmt::format("{} needs the argument '{}'", what, name));
  return *v;
}

void Args::allow(std::string_view what, size_t limit,
                 std::initializer_list<std::string_view> names) const {
  if (positional.size() > limit)
    fail(
        fmt::format("{} takes at most {} arguments, {} are given", what, limit, positional.size()));
  for (const auto& kv : named)
    if (std::find(names.begin(), names.end(), kv.first) == names.end())
      fail(fmt::format("{} has no argument '{}'", what, kv.first));
}

namespace {

using Filter = Value (*)(const Value& in, const Args& args);

// Undefined is an error wherever Jinja's default Undefined would raise.
const Value& defined(const Value& v) {
  if (auto* u = v.get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
  return v;
}

int64_t integer(const Value& v, std::string_view what) {
  if (auto* i = v.get<int64_t>()) return *i;
  if (auto* b = v.get<bool>()) return *b;
  fail(fmt::format("{} needs an integer, found {}", what, v.type_name()));
}

std::string replaced(const std::string& s, const std::string& from, const std::string& to,
                     int64_t count) {
  std::string out;
  if (from.empty()) {
    for (std::string_view c : code_points(s)) {
      if (count != 0) out += to, --count;
      out += c;
    }
    if (count != 0) out += to;
    return out;
  }
  size_t at = 0;
  for (size_t p; count != 0 && (p = s.find(from, at)) != std::string::npos;
       at = p + from.size(), --count) {
    check_size(out.size() + p - at + to.size());
    out.append(s, at, p - at) += to;
  }
  return out.append(s, at);
}

// What select/map/sort look at: a dotted attribute path of an item.
Value attribute_of(Value item, const Value& path) {
  if (path.get<int64_t>()) return get_item(item, path);
  const std::string text = path.text();
  for (size_t at = 0; at <= text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    item = get_attribute(item, text.substr(at, dot - at));
    at = dot + 1;
  }
  return item;
}

Args rest(const Args& args, size_t from) {
  Args out;
  for (size_t i = from; i < args.positional.size(); ++i)
    out.positional.push_back(args.positional[i]);
  out.named = args.named;
  return out;
}

Value select(const Value& in, const Args& args, bool by_attribute, bool keep) {
  if (by_attribute && args.positional.empty()) fail("selectattr and rejectattr need an attribute");
  const size_t test = by_attribute ? 1 : 0;
  List out;
  for (const Value& item : in.iterate()) {
    const Value v = by_attribute ? attribute_of(item, args.positional[0]) : item;
    const bool ok = args.positional.size() > test
                        ? apply_test(args.positional[test].text(), v, rest(args, test + 1))
                        : v.truth();
    if (ok == keep) out.push_back(item);
  }
  return out;
}

Value map_filter(const Value& in, const Args& args) {
  List out;
  const Value* attribute = args.find(99, "attribute");
  if (!attribute && args.positional.empty()) fail("map needs a filter or attribute=");
  for (const Value& item : in.iterate()) {
    if (attribute) {
      const Value v = attribute_of(item, *attribute);
      out.push_back(v.is_undefined() ? args.get(99, "default", v) : v);
    } else {
      out.push_back(apply_filter(args.positional[0].text(), item, rest(args, 1)));
    }
  }
  return out;
}

Value fold_case(const Value& v, bool case_sensitive) {
  return !case_sensitive && v.string() ? Value(change_case(*v.string(), false)) : v;
}

Value sorted(const Value& in, const Args& args) {
  args.allow("sort", 3, {"reverse", "case_sensitive", "attribute"});
  const bool reverse = args.get(0, "reverse", false).truth(),
             sensitive = args.get(1, "case_sensitive", false).truth();
  const Value* attribute = args.find(2, "attribute");
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& item : in.iterate())
    keyed.emplace_back(fold_case(attribute ? attribute_of(item, *attribute) : item, sensitive),
                       item);
  std::stable_sort(keyed.begin(), keyed.end(), [&](auto& a, auto& b) {
    return reverse ? less(b.first, a.first) : less(a.first, b.first);
  });
  List out;
  for (auto& kv : keyed) out.push_back(std::move(kv.second));
  return out;
}

Value dictsort(const Value& in, const Args& args) {
  args.allow("dictsort", 3, {"case_sensitive", "by", "reverse"});
  if (!in.dict()) fail(fmt::format("dictsort needs a dict, found {}", in.type_name()));
  const bool sensitive = args.get(0, "case_sensitive", false).truth(),
             reverse = args.get(2, "reverse", false).truth();
  const bool by_value = args.get(1, "by", "key").text() == "value";
  Dict items = *in.dict();
  auto key = [&](const auto& kv) {
    return fold_case(by_value ? kv.second : Value(kv.first), sensitive);
  };
  std::stable_sort(items.begin(), items.end(), [&](auto& a, auto& b) {
    return reverse ? less(key(b), key(a)) : less(key(a), key(b));
  });
  List out;
  for (auto& [k, v] : items) out.push_back(Value::tuple({Value(k), v}));
  return out;
}

Value extreme(const Value& in, const Args& args, bool maximum) {
  const Value* attribute = args.find(1, "attribute");
  Value best = Value::undefined("an element of an empty sequence"), best_key;
  bool first = true;
  for (const Value& item : in.iterate()) {
    const Value key = attribute ? attribute_of(item, *attribute) : item;
    if (first || (maximum ? less(best_key, key) : less(key, best_key)))
      best = item, best_key = key, first = false;
  }
  return best;
}

Value tojson(const Value& in, const Args& args) {
  args.allow("tojson", 2, {"ensure_ascii", "indent", "sort_keys", "separators"});
  // transformers' own tojson: (x, ensure_ascii=False, indent=None, separators=None,
  // sort_keys=False)
  if (const Value* s = args.find(99, "separators"); s && !s->is_none())
    fail("tojson: separators= is not supported");
  const Value indent = args.get(1, "indent", None{});
  const int64_t n = indent.is_none() ? -1 : integer(indent, "tojson(indent)");
  if (n > 32) fail("tojson: an indent above 32");
  return defined(in).to_json(int(n), args.get(99, "sort_keys", false).truth(),
                             args.get(0, "ensure_ascii", false).truth());
}

Value join(const Value& in, const Args& args) {
  args.allow("join", 2, {"d", "attribute"});
  const std::string by = args.get(0, "d", "").text();
  const Value* attribute = args.find(1, "attribute");
  std::string out;
  bool first = true;
  for (const Value& item : in.iterate()) {
    if (!first) out += by;
    out += (attribute ? attribute_of(item, *attribute) : item).text();
    check_size(out.size());
    first = false;
  }
  return out;
}

Value indent(const Value& in, const Args& args) {
  args.allow("indent", 3, {"width", "first", "blank"});
  const Value width = args.get(0, "width", 4);
  if (width.get<int64_t>() && (*width.get<int64_t>() < 0 || *width.get<int64_t>() > 1000))
    fail("indent: a width outside 0..1000");
  const std::string pad =
      width.string() ? *width.string() : std::string(size_t(integer(width, "indent")), ' ');
  const bool first = args.get(1, "first", false).truth(),
             blank = args.get(2, "blank", false).truth();
  std::string out;
  const std::string text = in.text();
  for (size_t at = 0, line = 0; at <= text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (line) out += '\n';
    if ((line || first) && (blank || end > at)) out += pad;
    out.append(text, at, end - at);
    check_size(out.size());
    at = end + 1;
  }
  return out;
}

Value title(const Value& in, const Args&) {
  std::string out;
  bool start = true;
  const std::string text = in.text();
  for (std::string_view c : code_points(text)) {
    out += change_case(c, start);
    start = is_space(c) || c == "-" || c == "(" || c == "{" || c == "[" || c == "<";
  }
  return out;
}

Value capitalize(const Value& in, const Args&) {
  std::string out;
  const std::string text = in.text();
  for (std::string_view c : code_points(text)) out += change_case(c, out.empty());
  return out;
}

Value round_filter(const Value& in, const Args& args) {
  args.allow("round", 2, {"precision", "method"});
  const int64_t digits = integer(args.get(0, "precision", 0), "round");
  const std::string method = args.get(1, "method", "common").text();
  const double scale = std::pow(10.0, double(digits)), x = in.number() * scale;
  if (method == "ceil") return std::ceil(x) / scale;
  if (method == "floor") return std::floor(x) / scale;
  if (method != "common")
    fail(fmt::format("round: the method is '{}'; expected common, ceil or floor", method));
  return std::nearbyint(x) / scale;
}

// printf-style, as Python's % operator: %s %r %d %i %f %g %x %%.
Value format(const Value& in, const Args& args) {
  const std::string f = in.text();
  std::string out;
  size_t used = 0;
  for (size_t i = 0; i < f.size(); ++i) {
    if (f[i] != '%') {
      out += f[i];
      continue;
    }
    size_t end = f.find_first_not_of("-+ 0123456789.", i + 1);
    if (end == std::string::npos) fail("format: a '%' at the end");
    const std::string flags = f.substr(i + 1, end - i - 1);
    const char kind = f[end];
    i = end;
    if (kind == '%') {
      out += '%';
      continue;
    }
    if (flags.size() > 8) fail("format: flags of more than 8 characters");
    if (used >= args.positional.size()) fail("format: not enough arguments for the format string");
    const Value& v = args.positional[used++];
    char text[1400];
    if (kind == 's' || kind == 'r') {
      const std::string s = kind == 's' ? v.text() : v.repr();
      const long width = std::strtol(flags.c_str(), nullptr, 10);
      const std::string pad(
          size_t(std::max<long>(0, std::min<long>(std::labs(width), 1000) -
                                       long(code_points(std::string_view(s)).size()))),
          ' ');
      out += width < 0 ? s + pad : pad + s;
    } else if (kind == 'd' || kind == 'i' || kind == 'x' || kind == 'X') {
      std::snprintf(text, sizeof text, ("%" + flags + "ll" + (kind == 'i' ? 'd' : kind)).c_str(),
                    static_cast<long long>(v.number()));
      out += text;
    } else if (kind == 'f' || kind == 'g' || kind == 'e') {
      std::snprintf(text, sizeof text, ("%" + flags + kind).c_str(), v.number());
      out += text;
    } else {
      fail(fmt::format("format: '%{}' is not supported", kind));
    }
    check_size(out.size());
  }
  if (used < args.positional.size()) fail("format: not all arguments were used");
  return out;
}

// A decimal number that is all of s; beyond the doubles it is inf or 0, as in Python.
std::optional<double> parse_number(const std::string& s) {
  char* end = nullptr;
  const double d = std::strtod(s.c_str(), &end);
  if (s.empty() || end != s.c_str() + s.size() || s.find_first_of("xX(") != std::string::npos)
    return {};
  return d;
}

Value to_int(const Value& in, const Args& args) {
  if (in.get<double>() && !std::isfinite(in.number())) return args.get(0, "default", 0);
  if (in.is_number())
    return in.get<double>() ? int64_t(std::clamp(in.number(), -9.2e18, 9.2e18))
                            : integer(in, "int");
  const std::string s = strip(in.text(), true, true);
  const std::optional<double> d = parse_number(s);
  if (!d || !(std::abs(*d) < 9e18)) return args.get(0, "default", 0);
  return s.find_first_of(".eE") == std::string::npos ? int64_t(std::stoll(s)) : int64_t(*d);
}

Value to_float(const Value& in, const Args& args) {
  if (in.is_number()) return in.number();
  const std::optional<double> d = parse_number(strip(in.text(), true, true));
  return d ? Value(*d) : args.get(0, "default", 0.0);
}

Value length(const Value& in) {
  if (in.is_undefined()) return 0;
  if (in.is_number() || in.is_none())
    fail(fmt::format("object of type '{}' has no length", in.type_name()));
  return in.list() ? in.list()->size() : in.dict() ? in.dict()->size() : in.iterate().size();
}

Value default_filter(const Value& in, const Args& args) {
  args.allow("default", 2, {"default_value", "boolean"});
  const bool use = in.is_undefined() || (args.get(1, "boolean", false).truth() && !in.truth());
  return use ? args.get(0, "default_value", "") : in;
}

Value items(const Value& in) {
  if (in.is_undefined()) return List{};
  if (!in.dict()) fail(fmt::format("items needs a dict, found {}", in.type_name()));
  List out;
  for (const auto& [k, v] : *in.dict()) out.push_back(Value::tuple({Value(k), v}));
  return out;
}

Value unique(const Value& in, const Args& args) {
  const bool sensitive = args.get(0, "case_sensitive", false).truth();
  const Value* attribute = args.find(1, "attribute");
  List seen, out;
  for (const Value& item : in.iterate()) {
    const Value key = fold_case(attribute ? attribute_of(item, *attribute) : item, sensitive);
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& s) { return equal(s, key); }))
      continue;
    seen.push_back(key);
    out.push_back(item);
  }
  return out;
}

Value reverse(const Value& in) {
  List out = in.iterate();
  std::reverse(out.begin(), out.end());
  if (!in.string()) return out;
  std::string text;
  for (const Value& v : out) text += *v.string();
  return text;
}

Value escape(const Value& in, const Args&) {
  std::string out;
  for (char c : in.text()) {
    const char* e = c == '&'    ? "&amp;"
                    : c == '<'  ? "&lt;"
                    : c == '>'  ? "&gt;"
                    : c == '\'' ? "&#39;"
                    : c == '"'  ? "&#34;"
                                : nullptr;
    if (e)
      out += e;
    else
      out += c;
  }
  return out;
}

const std::map<std::string, Filter, std::less<>>& table() {
  static const std::map<std::string, Filter, std::less<>> kFilters{
      {"abs",
       [](const Value& v, const Args&) -> Value {
         if (auto* i = v.get<int64_t>()) return *i < 0 && *i != INT64_MIN ? -*i : *i;
         return std::abs(v.number());
       }},
      {"capitalize", capitalize},
      {"count", [](const Value& v, const Args&) { return length(v); }},
      {"d", default_filter},
      {"default", default_filter},
      {"dictsort", dictsort},
      {"e", escape},
      {"escape", escape},
      {"first",
       [](const Value& v, const Args&) -> Value {
         const List l = v.iterate();
         return l.empty() ? Value::undefined("the first element of an empty sequence") : l.front();
       }},
      {"float", to_float},
      {"format", format},
      {"indent", indent},
      {"int", to_int},
      {"items", [](const Value& v, const Args&) { return items(v); }},
      {"join", join},
      {"last",
       [](const Value& v, const Args&) -> Value {
         const List l = v.iterate();
         return l.empty() ? Value::undefined("the last element of an empty sequence") : l.back();
       }},
      {"length", [](const Value& v, const Args&) { return length(v); }},
      {"list", [](const Value& v, const Args&) -> Value { return v.iterate(); }},
      {"lower", [](const Value& v, const Args&) -> Value { return change_case(v.text(), false); }},
      {"map", map_filter},
      {"max", [](const Value& v, const Args& a) { return extreme(v, a, true); }},
      {"min", [](const Value& v, const Args& a) { return extreme(v, a, false); }},
      {"reject", [](const Value& v, const Args& a) { return select(v, a, false, false); }},
      {"rejectattr", [](const Value& v, const Args& a) { return select(v, a, true, false); }},
      {"replace",
       [](const Value& v, const Args& a) -> Value {
         a.allow("replace", 3, {"old", "new", "count"});
         const Value count = a.get(2, "count", None{});
         return replaced(v.text(), a.need(0, "old", "replace").text(),
                         a.need(1, "new", "replace").text(),
                         count.is_none() ? -1 : integer(count, "replace"));
       }},
      {"reverse", [](const Value& v, const Args&) { return reverse(v); }},
      {"round", round_filter},
      {"safe", [](const Value& v, const Args&) -> Value { return v.text(); }},
      {"select", [](const Value& v, const Args& a) { return select(v, a, false, true); }},
      {"selectattr", [](const Value& v, const Args& a) { return select(v, a, true, true); }},
      {"sort", sorted},
      {"string", [](const Value& v, const Args&) -> Value { return v.text(); }},
      {"sum",
       [](const Value& v, const Args& a) -> Value {
         const Value* attribute = a.find(0, "attribute");
         double total = 0;
         bool integers = true;
         for (const Value& item : v.iterate()) {
           const Value x = attribute ? attribute_of(item, *attribute) : item;
           total += x.number(), integers = integers && !x.get<double>();
         }
         return integers ? Value(int64_t(total)) : Value(total);
       }},
      {"title", title},
      {"tojson", tojson},
      {"trim",
       [](const Value& v, const Args& a) -> Value {
         const Value* chars = a.find(0, "chars");
         return strip(v.text(), true, true, chars ? chars->string() : nullptr);
       }},
      {"unique", unique},
      {"upper", [](const Value& v, const Args&) -> Value { return change_case(v.text(), true); }}};
  return kFilters;
}

}  // namespace

Value apply_filter(const std::string& name, const Value& in, const Args& args) {
  const auto found = table().find(name);
  if (found == table().end()) fail(fmt::format("there is no filter '{}'", name));
  return found->second(in, args);
}

bool apply_test(const std::string& name, const Value& in, const Args& args) {
  auto is = [&](std::string_view a, std::string_view b = {}, std::string_view c = {}) {
    return name == a || (!b.empty() && name == b) || (!c.empty() && name == c);
  };
  auto other = [&]() -> const Value& {
    return args.need(0, "other", fmt::format("the test '{}'", name));
  };
  if (is("defined")) return !in.is_undefined();
  if (is("undefined")) return in.is_undefined();
  if (is("none")) return in.is_none();
  if (is("string")) return in.string();
  if (is("mapping")) return in.dict();
  if (is("sequence")) return in.list() || in.dict() || in.string();
  if (is("iterable")) return in.list() || in.dict() || in.string() || in.is_undefined();
  if (is("number")) return in.is_number();
  if (is("boolean")) return in.get<bool>();
  if (is("integer")) return in.get<int64_t>();
  if (is("float")) return in.get<double>();
  if (is("true")) return in.get<bool>() && *in.get<bool>();
  if (is("false")) return in.get<bool>() && !*in.get<bool>();
  if (is("callable")) return in.get<std::shared_ptr<const Function>>();
  if (is("lower")) return in.text() == change_case(in.text(), false);
  if (is("upper")) return in.text() == change_case(in.text(), true);
  if (is("filter")) return table().count(in.text());
  if (is("odd")) return integer(in, "the test 'odd'") % 2 != 0;
  if (is("even")) return integer(in, "the test 'even'") % 2 == 0;
  if (is("divisibleby")) {
    const int64_t by = integer(other(), "the test 'divisibleby'");
    if (by == 0) fail("division by zero");
    return by == -1 || integer(in, "the test 'divisibleby'") % by == 0;
  }
  if (is("equalto", "eq", "sameas")) return equal(in, other());
  if (is("ne")) return !equal(in, other());
  if (is("lt", "lessthan")) return less(in, other());
  if (is("gt", "greaterthan")) return less(other(), in);
  if (is("le")) return !less(other(), in);
  if (is("ge")) return !less(in, other());
  if (is("in")) return contains(other(), in);
  fail(fmt::format("there is no test '{}'", name));
}

}  // namespace fk::core::jinja
