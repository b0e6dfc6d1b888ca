// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>

#include "core/store/store.hpp"

namespace fk::record {

// What became of one version of an implementation.
struct VersionHistory {
  std::string hash, version, revision;
  std::string first_seen;                 // when the store first heard of it
  std::optional<store::Verdict> verdict;  // the last one
  // The last measurement of each case, by (device, case, dtype, baseline). Without samples.
  std::map<std::string, store::Measurement> cases;
  // The geometric mean of the speed against its baselines; 0: never measured.
  double speed() const;
};

// Every version of each implementation of a task, in the order in which they were first seen.
// `implementation`: plugin or plugin/name; "" for all.
std::map<std::string, std::vector<VersionHistory>> history(store::Store&, const std::string& task,
                                                           const std::string& implementation);

}  // namespace fk::record
