// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::cases {

// What is wrong with `found`, or "" when it passes. `golden` is the float64 reference's answer,
// `baseline` the reference's in the run dtype: the error may be error_vs_baseline times the
// baseline's own, plus what fp32 accumulation in any order costs, for values of the size that they
// have on the whole or of this one's; of 16-bit inputs (`narrow`) that is four times as much,
// because matrix units cut off where other ones round. Exact tasks must give the baseline's values.
inline std::string disagreement(const core::Json& check, const std::vector<double>& golden,
                                const std::vector<double>& baseline,
                                const std::vector<double>& found, bool narrow) {
  if (found.size() != baseline.size())
    return fmt::format("{} elements, want {}", found.size(), baseline.size());
  if (check.value("exact", false)) {
    for (size_t i = 0; i < found.size(); ++i)
      if (found[i] != baseline[i])
        return fmt::format("element {} is {}, want exactly {}", i, found[i], baseline[i]);
    return "";
  }
  double squares = 0, allowed = 0;
  for (size_t i = 0; i < golden.size(); ++i) {
    squares += golden[i] * golden[i];
    allowed = std::max(allowed, std::fabs(baseline[i] - golden[i]));
  }
  const double size = golden.empty() ? 0 : std::sqrt(squares / double(golden.size()));
  allowed *= check.value("error_vs_baseline", 2.0);
  for (size_t i = 0; i < golden.size(); ++i) {
    const double most =
        allowed + (narrow ? 256 : 64) * 0x1p-24 * std::max(size, std::fabs(golden[i]));
    if (!(std::fabs(found[i] - golden[i]) <= most))
      return fmt::format("element {} is {}, want {} within {:.3g}", i, found[i], golden[i], most);
  }
  return "";
}

}  // namespace fk::cases
