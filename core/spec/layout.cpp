// SPDX-License-Identifier: Apache-2.0
#include "core/spec/layout.hpp"

#include <algorithm>

namespace fk::core {
namespace {

template <class T>
constexpr Slot kSlot{sizeof(T), alignof(T)};

struct TypeRow {
  FieldType type;
  const char* name;
  Slot slot;
};
constexpr TypeRow kTypes[] = {{FieldType::kInt, "int", kSlot<int64_t>},
                              {FieldType::kFloat, "float", kSlot<double>},
                              {FieldType::kBool, "bool", kSlot<uint8_t>},
                              {FieldType::kEnum, "enum", kSlot<int32_t>},
                              {FieldType::kOptionalInt, "optional_int", kSlot<fk_opt_i64>},
                              {FieldType::kInts, "ints", kSlot<fk_i64s>},
                              {FieldType::kDtype, "dtype", kSlot<fk_dtype>},
                              {FieldType::kTensor, "tensor", kSlot<const fk_tensor*>},
                              {FieldType::kTensors, "tensors", kSlot<fk_tensors>},
                              {FieldType::kInstance, "instance", kSlot<fk_instance*>},
                              {FieldType::kStruct, "struct", kSlot<const void*>}};

const TypeRow& row(FieldType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes),
                       [&](const TypeRow& r) { return r.type == type; });
}

size_t round_up(size_t n, size_t align) { return (n + align - 1) / align * align; }

}  // namespace

Slot slot_of(FieldType type) { return row(type).slot; }
const char* type_name(FieldType type) { return row(type).name; }

std::optional<FieldType> parse_type(std::string_view name) {
  for (const TypeRow& r : kTypes)
    if (r.name == name) return r.type;
  return std::nullopt;
}

const std::vector<std::string>& type_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const TypeRow& r : kTypes) out.emplace_back(r.name);
    return out;
  }();
  return names;
}

size_t lay_out(std::vector<Field>& fields) {
  size_t at = sizeof(size_t), align = alignof(size_t);
  for (Field& f : fields) {
    Slot s = slot_of(f.type);
    at = round_up(at, s.align);
    f.offset = at;
    at += s.size;
    align = std::max(align, s.align);
  }
  return round_up(at, align);
}

}  // namespace fk::core
