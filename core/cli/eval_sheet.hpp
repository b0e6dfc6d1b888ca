// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "core/spec/task_spec.hpp"

namespace fk::core {

// What `fk eval` prints of a report (eval::report_of, with what the command adds): nothing but what
// stands in it.
std::string eval_sheet(const Json& report);

}  // namespace fk::core
