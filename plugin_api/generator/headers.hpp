// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "core/spec/registry.hpp"

namespace fk::gen {

// Text of fk/tasks/<task>.h and fk/structs/<name>.h.
std::string task_header(const core::Registry&, const core::TaskSpec&);
std::string struct_header(const core::Registry&, const core::StructSpec&);
std::string enum_header(const core::EnumSpec&);

// A C++ table of what the compiler makes of the generated structs, for comparison with the dynamic
// layout.
std::string layout_table(const core::Registry&);

// The lock file: one line a task.
std::string lock_text(const core::Registry&);

// "const fk_tensor* x FK_DEFAULT(nullptr);" for every field, the first being struct_size.
std::string members(const std::vector<core::Field>&, const std::string& struct_name);
// Arrays that defaults of type `ints` point to; empty when there are none.
std::string default_arrays(const std::vector<core::Field>&, const std::string& struct_name);
// #include lines for the enums and structs that fields name.
std::string includes(const std::vector<const std::vector<core::Field>*>&, const std::string& step);

std::string upper(std::string_view);        // rms_norm -> RMS_NORM
std::string camel(std::string_view);        // rms_norm -> RmsNorm
std::string comment(std::string_view doc);  // safe inside /* */

}  // namespace fk::gen
