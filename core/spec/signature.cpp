// SPDX-License-Identifier: Apache-2.0
#include "core/spec/signature.hpp"

#include "core/base/dtype.hpp"
#include "core/spec/layout.hpp"

namespace fk::core {
namespace {

std::string fields_text(const Registry&, const std::vector<Field>&, bool (*)(const Field&));
bool any(const Field&) { return true; }

std::string struct_text(const Registry& registry, const StructSpec& s) {
  return fmt::format("{} r{}{{{}}}", s.name, s.revision, fields_text(registry, s.fields, any));
}

std::string dtypes_text(const TensorSpec& t) {
  if (t.dtypes.empty()) return "";
  std::string s = t.run_dtype ? "run" : "";
  for (fk_dtype d : t.dtypes) (s += s.empty() ? "" : "|") += dtype_name(d);
  return "<" + s + ">";
}

std::string type_text(const Registry& registry, const Field& f) {
  std::string s = type_name(f.type);
  switch (f.type) {
    case FieldType::kEnum: return fmt::format("{} {}{{{}}}", s, f.of, fmt::join(f.values, "|"));
    case FieldType::kStruct: return s + " " + struct_text(registry, registry.struct_spec(f.of));
    case FieldType::kInstance:
      return fmt::format("{} {}#{:016x}", s, f.of, registry.task(f.of).signature);
    case FieldType::kTensor:
    case FieldType::kTensors: return s + dtypes_text(f.tensor);
    default: return s;
  }
}

std::string fields_text(const Registry& registry, const std::vector<Field>& fields,
                        bool (*take)(const Field&)) {
  std::string s;
  for (const Field& f : fields) {
    if (!take(f)) continue;
    if (!s.empty()) s += ", ";
    s += f.name + ":";
    if (f.role == Field::Role::kIn) s += f.is_mutable ? "inout " : "in ";
    if (f.role == Field::Role::kOut) s += "out ";
    s += type_text(registry, f) + (f.optional ? "?" : "");
  }
  return s;
}

}  // namespace

uint64_t fnv1a(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3;
  return h;
}

std::string signature_text(const Registry& registry, const TaskSpec& t) {
  std::string s =
      fmt::format("{} r{} ({})", t.name, t.revision, fields_text(registry, t.init, any));
  if (!t.params.empty()) s += " params(" + fields_text(registry, t.params, any) + ")";
  if (!t.states.empty()) s += " states(" + fields_text(registry, t.states, any) + ")";
  s += " (" +
       fields_text(registry, t.args, [](const Field& f) { return f.role == Field::Role::kIn; });
  s += ") -> (" +
       fields_text(registry, t.args, [](const Field& f) { return f.role == Field::Role::kOut; }) +
       ")";
  if (!t.step.empty()) s += " step " + struct_text(registry, registry.struct_spec(t.step));
  return s;
}

}  // namespace fk::core
