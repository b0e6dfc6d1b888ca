// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "core/base/dtype.hpp"
#include "core/base/nearest.hpp"
#include "core/spec/layout.hpp"
#include "core/spec/parse.hpp"

namespace fk::core {
namespace {

using Role = Field::Role;

constexpr std::string_view kKeywords[] = {
    "alignas",  "alignof",  "and",       "asm",         "auto",      "bitand",    "bitor",
    "bool",     "break",    "case",      "catch",       "char",      "class",     "compl",
    "concept",  "const",    "consteval", "constexpr",   "constinit", "continue",  "decltype",
    "default",  "delete",   "do",        "double",      "else",      "enum",      "explicit",
    "export",   "extern",   "false",     "float",       "for",       "friend",    "goto",
    "if",       "inline",   "int",       "long",        "mutable",   "namespace", "new",
    "noexcept", "not",      "nullptr",   "operator",    "or",        "private",   "protected",
    "public",   "register", "requires",  "restrict",    "return",    "short",     "signed",
    "sizeof",   "static",   "struct",    "struct_size", "switch",    "template",  "this",
    "throw",    "true",     "try",       "typedef",     "typeid",    "typename",  "union",
    "unsigned", "using",    "virtual",   "void",        "volatile",  "while",     "xor"};

fk_dtype parse_dtype_at(const Yaml& n, std::string_view what) {
  const std::string& name = n.as_text(what);
  if (std::optional<fk_dtype> t = parse_dtype(name)) return *t;
  static const std::vector<std::string> all{
      "run",    "float32", "bfloat16",      "float16",     "float64",        "int8",
      "int16",  "int32",   "int64",         "uint8",       "uint16",         "uint32",
      "uint64", "bool",    "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float4_e2m1fn"};
  fail_at(n, "unknown dtype \"{}\", expected {}{}", name, what, did_you_mean(name, all));
}

void parse_tensor(const Yaml& body, Field& f) {
  if (const Yaml* d = body.find("dtype")) {
    constexpr std::string_view kWhat = "a dtype such as float32, \"run\", or a list of them";
    const Yaml* first = d->is_list() ? d->items.data() : d;
    size_t count = d->is_list() ? d->items.size() : 1;
    if (!count) fail_at(*d, "found an empty list, expected {}", kWhat);
    f.tensor.run_dtype = false;
    for (size_t i = 0; i < count; ++i) {
      if (first[i].is_scalar() && first[i].text == "run")
        f.tensor.run_dtype = true;
      else
        f.tensor.dtypes.push_back(parse_dtype_at(first[i], kWhat));
    }
  }
  if (const Yaml* shape = body.find("shape")) {
    for (const Yaml& dim : shape->as_list("a list of dimensions such as [n, hidden_size]").items) {
      if (dim.is_scalar() && dim.text == "...") {
        if (&dim != shape->items.data())
          fail_at(dim, "found \"...\" after other dimensions, expected it first");
        f.tensor.ellipsis = true;
      } else {
        f.tensor.shape.push_back(parse_expr(dim, "a dimension"));
      }
    }
  }
}

// Which keys a field may have depends on where it stands and on its type.
void check_keys(const Yaml& body, const Field& f, std::string_view where) {
  const bool tensor = f.type == FieldType::kTensor || f.type == FieldType::kTensors;
  switch (f.role) {
    case Role::kInit:
      if (f.type == FieldType::kEnum) return body.only({"type", "of", "default", "doc"}, where);
      if (f.type == FieldType::kInstance || f.type == FieldType::kStruct)
        return body.only({"type", "of", "optional", "doc"}, where);
      return body.only({"type", "default", "doc"}, where);
    case Role::kParam:
      return body.only({"type", "dtype", "shape", "when", "optional", "doc"}, where);
    case Role::kState: return body.only({"type", "dtype", "shape", "when", "doc"}, where);
    case Role::kIn:
      if (tensor)
        return body.only(
            {"type", "dtype", "shape", "optional", "mutable", "when", "low", "high", "doc"}, where);
      return body.only({"type", "of", "doc"}, where);
    case Role::kOut:
      return body.only({"type", "dtype", "shape", "optional", "like", "when", "doc"}, where);
    case Role::kStep:
      if (tensor) return body.only({"type", "dtype", "shape", "optional", "doc"}, where);
      return body.only({"type", "of", "optional", "doc"}, where);
  }
}

bool allowed(FieldType t, Role role) {
  using F = FieldType;
  const bool tensor = t == F::kTensor || t == F::kTensors;
  switch (role) {
    case Role::kInit: return !tensor;
    case Role::kParam:
    case Role::kState: return t == F::kTensor;
    case Role::kOut: return tensor;
    case Role::kIn:
      return tensor || t == F::kInt || t == F::kFloat || t == F::kBool || t == F::kEnum;
    case Role::kStep: return t != F::kInstance;
  }
  return false;
}

FieldType parse_field_type(const Yaml& name, const Yaml& body, Role role, std::string_view where) {
  const Yaml* t = body.find("type");
  if (!t) {
    if (role == Role::kParam || role == Role::kState) return FieldType::kTensor;
    fail_at(name, "{} has no \"type\", expected one", where);
  }
  std::vector<std::string> names;
  for (const std::string& n : type_names())
    if (allowed(*parse_type(n), role)) names.push_back(n);
  const std::string expected = fmt::format("one of: {}", fmt::join(names, ", "));
  std::optional<FieldType> type = parse_type(t->as_text(expected));
  if (!type || !allowed(*type, role))
    fail_at(*t, "unknown type \"{}\" of {}, expected {}{}", t->text, where, expected,
            did_you_mean(t->text, names));
  return *type;
}

}  // namespace

[[noreturn]] void fail_in(const Yaml& node, const ExprError& e) {
  Yaml at = node;
  at.column += int(e.column()) - 1 + node.quoted;
  fail_at(at, "in the expression \"{}\": {}", node.text, e.reason());
}

Expr parse_expr(const Yaml& node, std::string_view what) {
  node.as_text(what);
  try {
    return Expr::parse(node.text);
  } catch (const ExprError& e) { fail_in(node, e); }
}

std::string parse_name(const Yaml& node, std::string_view what) {
  const std::string& s = node.as_text(what);
  bool good = !s.empty() && s.size() <= 80 && s[0] >= 'a' && s[0] <= 'z' &&
              s.find("__") == s.npos && s.back() != '_';
  for (char c : s) good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  if (!good) fail_at(node, "found \"{}\", expected {} in snake_case (a-z, 0-9, _)", s, what);
  return s;
}

Field parse_field(const Yaml& name, const Yaml& body, Role role) {
  static constexpr std::string_view kNames[] = {"the init field", "the param",  "the state",
                                                "the input",      "the output", "the step field"};
  Field f;
  f.role = role;
  f.name = parse_name(name, fmt::format("a name for {}", kNames[size_t(role)]));
  const std::string where = fmt::format("{} \"{}\"", kNames[size_t(role)], f.name);
  if (std::binary_search(std::begin(kKeywords), std::end(kKeywords), f.name))
    fail_at(name, "found \"{}\", a reserved word of C or C++, expected another name", f.name);
  body.as_map("a map such as {type: int}");
  f.type = parse_field_type(name, body, role, where);
  check_keys(body, f, where);
  if (f.type == FieldType::kEnum || f.type == FieldType::kStruct || f.type == FieldType::kInstance)
    f.of = body.at("of", where).as_text("the name of an enum, struct or task");
  if (const Yaml* n = body.find("optional")) f.optional = n->as_bool("true or false");
  if (const Yaml* n = body.find("mutable")) f.is_mutable = n->as_bool("true or false");
  if (const Yaml* n = body.find("doc")) f.doc = n->as_text("a text");
  if (const Yaml* n = body.find("when")) f.when = parse_expr(*n, "a condition");
  if (const Yaml* n = body.find("low")) f.low = parse_expr(*n, "the least value");
  if (const Yaml* n = body.find("high")) f.high = parse_expr(*n, "the value that all are below");
  if (const Yaml* n = body.find("like")) f.like = n->as_text("the name of an input");
  if (f.type == FieldType::kTensor || f.type == FieldType::kTensors) {
    if ((role == Role::kParam || role == Role::kState)) body.at("shape", where);
    parse_tensor(body, f);
  }
  return f;
}

Json parse_value(const Yaml& n, const Field& f) {
  switch (f.type) {
    case FieldType::kInt: return n.as_int("an integer");
    case FieldType::kFloat: return n.as_float("a number");
    case FieldType::kBool: return n.as_bool("true or false");
    case FieldType::kOptionalInt:
      return n.is_null() ? Json() : Json(n.as_int("an integer or null"));
    case FieldType::kInts: {
      Json list = Json::array();
      for (const Yaml& i : n.as_list("a list of integers").items)
        list.push_back(i.as_int("an integer"));
      return list;
    }
    case FieldType::kDtype: return dtype_name(parse_dtype_at(n, "a dtype such as float32"));
    case FieldType::kEnum: {
      const std::string expected = fmt::format("one of: {}", fmt::join(f.values, ", "));
      const std::string& v = n.as_text(expected);
      if (std::find(f.values.begin(), f.values.end(), v) == f.values.end())
        fail_at(n, "\"{}\" is no value of the enum {}, expected {}{}", v, f.of, expected,
                did_you_mean(v, f.values));
      return v;
    }
    default:
      fail_at(n, "found {}, expected no value for the type {}", n.found(), type_name(f.type));
  }
}

Json to_json(const Yaml& n) {
  switch (n.kind) {
    case Yaml::Kind::kNull: return nullptr;
    case Yaml::Kind::kList: {
      Json list = Json::array();
      for (const Yaml& i : n.items) list.push_back(to_json(i));
      return list;
    }
    case Yaml::Kind::kMap: {
      Json map = Json::object();
      for (size_t i = 0; i < n.keys.size(); ++i) map[n.keys[i].text] = to_json(n.items[i]);
      return map;
    }
    case Yaml::Kind::kScalar: break;
  }
  if (!n.quoted) {
    if (n.text == "true" || n.text == "false") return n.text == "true";
    if (std::optional<int64_t> i = n.try_int()) return *i;
    if (std::optional<double> d = n.try_float()) return *d;
  }
  return n.text;
}

}  // namespace fk::core
