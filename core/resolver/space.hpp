// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/resolve/search.hpp"
#include "core/runtime/model.hpp"

namespace fk::resolver {

// One implementation of a sub-problem, as a dry build took or refused it.
struct Alternative {
  const core::Implementation* implementation = nullptr;
  std::vector<core::search::Child> children;  // of Space::subs; none for what stands alone
  int64_t retained_bytes = 0;
  bool built = false;
  std::string refused;  // why no build has it
};

// Equal nodes of all trees that can be built: one task with one init.
struct SubProblem {
  std::string task, init;  // canonical, as Choice::init
  int level = 1;
  std::string path;  // of one such node
  // alternatives[0] is the baselines' choice; of decode steps it is alternatives[decode].
  std::vector<Alternative> alternatives;
  size_t decode = 0;
  bool in_baseline = false;  // the baselines' tree has it
  core::Resolved reach;      // a build with these choices has it
};

// Everything that a model can be made of.
struct Space {
  std::vector<SubProblem> subs;
  size_t root = 0;
  core::Plan baseline;
  size_t builds = 0;                                                    // dry builds that it took
  size_t find(const std::string& task, const std::string& init) const;  // or subs.size()
};

// Dry builds until every implementation of every sub-problem was taken or refused once, also of
// those that only another implementation asks for. The reference stands only where there is
// nothing else. Pins of `build.policy` hold in all of them.
Space find_space(const core::Catalog&, const std::string& model, const core::Json& init,
                 core::BuildOptions build);

// What a build must be told so that all instances of a sub-problem have the alternative; on top of
// `reach`.
core::Resolved with(core::Resolved reach, const SubProblem&, const Alternative&,
                    const std::string& reason);

}  // namespace fk::resolver
