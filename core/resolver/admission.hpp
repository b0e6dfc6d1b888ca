// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/resolver/measurer.hpp"

namespace fk::resolver {

// An implementation that nobody may use, and why.
struct Refused {
  std::string task, implementation, reason;
};

// Opens in `catalog` every candidate of which at least one implementation has been judged right, by
// the Judge now or earlier. Of the others no code ever runs in this process, not even what a
// library runs when it is opened. `only`: a plugin by its name; the others are left where they are.
std::vector<Refused> admit(Measurer&, const core::Registry&, core::Catalog& catalog,
                           const Measurer::Progress&, const std::string& only = "");

}  // namespace fk::resolver
