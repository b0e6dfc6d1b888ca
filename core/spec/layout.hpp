// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::core {

struct Slot {
  size_t size, align;
};

// What a field takes in a generated C struct.
Slot slot_of(FieldType type);

// Gives every field its offset behind `size_t struct_size`, with natural C alignment; returns
// sizeof the struct.
size_t lay_out(std::vector<Field>& fields);

// "int", "float", ... as task files spell it, and back.
const char* type_name(FieldType type);
std::optional<FieldType> parse_type(std::string_view name);
const std::vector<std::string>& type_names();

}  // namespace fk::core
