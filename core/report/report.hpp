// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/report/data.hpp"
#include "core/spec/registry.hpp"
#include "core/store/store.hpp"

namespace fk::report {

struct Options {
  std::string since;   // records of this time or later; empty: all
  std::string config;  // plans of this one alone; empty: of every one
};

// Reads what the report shows. Throws Error for a store that cannot be read.
Report gather(store::Store&, const core::Registry&, const Options&);

store::Json to_json(const Report&);

// One page that needs nothing but itself.
std::string to_html(const Report&);

}  // namespace fk::report
