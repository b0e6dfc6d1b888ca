// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <set>

#include "core/base/dtype.hpp"
#include "plugin_api/generator/headers.hpp"

namespace fk::gen {

using core::Field;
using core::FieldType;

std::string upper(std::string_view name) {
  std::string s(name);
  for (char& c : s) c = char(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

std::string camel(std::string_view name) {
  std::string s;
  bool start = true;
  for (char c : name) {
    if (c == '_')
      start = true;
    else
      s += start ? char(std::toupper(static_cast<unsigned char>(c))) : c, start = false;
  }
  return s;
}

std::string comment(std::string_view doc) {
  std::string s;
  for (char c : doc) {
    if (c == '\n') c = ' ';
    if (c == '/' && !s.empty() && s.back() == '*') s += ' ';
    if (c == '*' && !s.empty() && s.back() == '/') s += ' ';
    s += c;
  }
  while (!s.empty() && s.back() == ' ') s.pop_back();
  return s;
}

namespace {

std::string c_type(const Field& f) {
  switch (f.type) {
    case FieldType::kInt: return "int64_t";
    case FieldType::kFloat: return "double";
    case FieldType::kBool: return "uint8_t";
    case FieldType::kEnum: return "fk_" + f.of;
    case FieldType::kOptionalInt: return "fk_opt_i64";
    case FieldType::kInts: return "fk_i64s";
    case FieldType::kDtype: return "fk_dtype";
    case FieldType::kTensor: return "const fk_tensor*";
    case FieldType::kTensors: return "fk_tensors";
    case FieldType::kInstance: return "fk_instance*";
    case FieldType::kStruct: return "const fk_" + f.of + "*";
  }
  return "";
}

std::string dtype_initializer(const std::string& name) {
  fk_dtype t = *core::parse_dtype(name);
  return fmt::format("{{{}, {}, {}}}", t.code, t.bits, t.lanes);
}

std::string int_literal(int64_t v) {
  return v == INT64_MIN ? "INT64_MIN" : fmt::format("INT64_C({})", v);
}

// The initialiser a C++ caller gets when it leaves the field out. Required fields get zero: they
// cannot be left out by name, and a struct without default members would not be usable with
// designated initialisers of the rest.
std::string default_text(const Field& f, const std::string& struct_name) {
  const core::Json& d = f.default_value;
  switch (f.type) {
    case FieldType::kInt: return d.is_null() ? "0" : int_literal(d.get<int64_t>());
    case FieldType::kFloat: return d.is_null() ? "0.0" : core::Json(d.get<double>()).dump();
    case FieldType::kBool: return d.is_null() || !d.get<bool>() ? "0" : "1";
    case FieldType::kEnum:
      return d.is_null() ? "0" : "FK_" + upper(f.of) + "_" + upper(d.get<std::string>());
    case FieldType::kOptionalInt:
      return d.is_null() ? "{0, 0}" : fmt::format("{{{}, 1}}", int_literal(d.get<int64_t>()));
    case FieldType::kInts:
      if (d.is_null() || d.empty()) return "{nullptr, 0}";
      return fmt::format("{{{}_default_{}, {}}}", struct_name, f.name, d.size());
    case FieldType::kDtype:
      return d.is_null() ? "{0, 0, 0}" : dtype_initializer(d.get<std::string>());
    case FieldType::kTensors: return "{nullptr, 0}";
    default: return "nullptr";
  }
}

}  // namespace

std::string default_arrays(const std::vector<Field>& fields, const std::string& struct_name) {
  std::string s;
  for (const Field& f : fields) {
    if (f.type != FieldType::kInts || f.default_value.is_null() || f.default_value.empty())
      continue;
    s += fmt::format("inline constexpr int64_t {}_default_{}[] = {{", struct_name, f.name);
    for (size_t i = 0; i < f.default_value.size(); ++i)
      s += (i ? ", " : "") + int_literal(f.default_value[i].get<int64_t>());
    s += "};\n";
  }
  return s.empty() ? "" : "#ifdef __cplusplus\n" + s + "#endif\n";
}

std::string members(const std::vector<Field>& fields, const std::string& struct_name) {
  std::string s = fmt::format("  size_t struct_size FK_DEFAULT(sizeof({}));\n", struct_name);
  for (const Field& f : fields) {
    s += fmt::format("  {} {} FK_DEFAULT({});", c_type(f), f.name, default_text(f, struct_name));
    std::string note = f.is_mutable                  ? "read and written"
                       : f.role == Field::Role::kOut ? "written"
                                                     : "";
    if (f.optional) note += note.empty() ? "may be NULL" : ", may be NULL";
    if (!f.tensor.shape.empty()) {
      std::string shape = f.tensor.ellipsis ? "..." : "";
      for (const core::Expr& e : f.tensor.shape) shape += (shape.empty() ? "" : ", ") + e.text();
      note = "[" + shape + "]" + (note.empty() ? "" : ", " + note);
    }
    if (!f.doc.empty()) note += (note.empty() ? "" : "; ") + f.doc;
    if (!note.empty()) s += " /* " + comment(note) + " */";
    s += "\n";
  }
  return s;
}

std::string includes(const std::vector<const std::vector<Field>*>& lists, const std::string& step) {
  std::set<std::string> names;
  if (!step.empty()) names.insert(step);
  for (const auto* fields : lists)
    for (const Field& f : *fields)
      if (f.type == FieldType::kEnum || f.type == FieldType::kStruct) names.insert(f.of);
  std::string s = "#include \"fk/abi.h\"\n";
  for (const std::string& n : names) s += fmt::format("#include \"fk/structs/{}.h\"\n", n);
  return s;
}

std::string struct_header(const core::Registry&, const core::StructSpec& s) {
  const std::string name = "fk_" + s.name, guard = "FK_STRUCTS_" + upper(s.name) + "_H";
  std::string out =
      fmt::format("/* Generated by fk-gen from the registry's {}.yaml. Do not edit. */\n", s.name);
  if (!s.doc.empty()) out += "/* " + comment(s.doc) + " */\n";
  out +=
      fmt::format("#ifndef {0}\n#define {0}\n{1}{2}#ifdef __cplusplus\nextern \"C\" {{\n#endif\n",
                  guard, includes({&s.fields}, ""), default_arrays(s.fields, name));
  out += fmt::format("typedef struct {0} {0};\nstruct {0} {{\n{1}}};\n", name,
                     members(s.fields, name));
  out += "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return out;
}

std::string enum_header(const core::EnumSpec& e) {
  const std::string guard = "FK_STRUCTS_" + upper(e.name) + "_H";
  std::string out =
      fmt::format("/* Generated by fk-gen from the registry's {}.yaml. Do not edit. */\n", e.name);
  if (!e.doc.empty()) out += "/* " + comment(e.doc) + " */\n";
  out += fmt::format(
      "#ifndef {0}\n#define {0}\n#include <stdint.h>\ntypedef int32_t fk_{1};\nenum {{\n", guard,
      e.name);
  for (size_t i = 0; i < e.values.size(); ++i)
    out += fmt::format("  FK_{}_{} = {}{}\n", upper(e.name), upper(e.values[i]), i,
                       i + 1 < e.values.size() ? "," : "");
  return out + "};\n#endif\n";
}

}  // namespace fk::gen
