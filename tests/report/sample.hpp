// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/registry.hpp"
#include "core/store/store.hpp"

namespace fk::test {

// The name of a plugin that would like to be a script.
inline constexpr const char* kHostile = "<script>alert('x')</script>/\"&<b>";

// A store as a week of work leaves it: measurements of several plugins on two machines, some in
// many versions, verdicts good and bad, plans and runs. The same every time.
void fill_sample(store::Store&, const core::Registry&);

// `count` measurements of tasks that do not exist, no two of the same case.
void fill_many(store::Store&, int count);

}  // namespace fk::test
