// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parts of a report, each worked out in the file of its name.
#include <map>
#include <set>

#include "core/report/data.hpp"
#include "core/spec/registry.hpp"
#include "core/store/records.hpp"

namespace fk::report {

// Short names of records that mean one record each.
class Ids {
 public:
  explicit Ids(std::vector<std::string> uuids);
  std::string of(const std::string& uuid) const { return uuid.substr(0, length_); }

 private:
  size_t length_ = 8;
};

// What is kept of a measurement: its samples would fill the memory.
struct Timed {
  Bar bar;
  std::string version, revision, init, signature;
  std::vector<uint64_t> seeds;
};

// Two versions of one implementation against each other, as `fk compare` does it.
inline bool of_versions(const Bar& b) { return b.baseline == b.implementation; }

Roofline roofline_of(const core::Registry&, const std::vector<Timed>& newest,
                     const std::vector<Ceiling>&);
// The ceilings that a run's record names, if it does.
std::optional<Ceiling> ceiling_of(const store::RunRecord&);

// `plans`: of one config, oldest first, at least one.
PlanTree plan_tree(const std::vector<store::PlanRecord>& plans, const Ids&);

// `all`: oldest first.
std::vector<Lineage> lineages_of(const std::vector<Timed>& all, const std::vector<Judgement>&);

// `newest`: of each implementation, case and machine.
std::vector<Sheet> sheets_of(const core::Registry&, const std::vector<Timed>& newest,
                             const std::vector<Judgement>&);

}  // namespace fk::report
