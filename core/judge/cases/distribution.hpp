// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "core/judge/cases/case.hpp"
#include "core/judge/cases/numbers.hpp"

namespace fk::cases {

// Fills a float input whose task file gives no bounds. `row`: length of the last dimension.
void fill(std::span<double> values, Distribution kind, int64_t row, Random&);

const char* distribution_name(Distribution);

}  // namespace fk::cases
