// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/store/records.hpp"
#include "core/tracking/client.hpp"

namespace fk::tracking {

// A record as a run has it.
struct Entry {
  std::string name;   // of the run
  bool whole = true;  // about the command: a run or a plan, not one measurement of several
  bool ok = true;
  std::vector<Metric> metrics;
  Pairs params, tags;
  Pairs files;  // name and content
};

// Every field of a record goes up: numbers as metrics, what was asked for as params, where and by
// what as tags (fk.*); of a run's JSON every number. All of it is in the file record.json, too,
// with what is too long for a param: raw samples, a plan's text.
Entry entry_of(const store::Record&);

// Every number of some JSON by its path ("workloads/prefill:128/seconds"): an element of an array
// is called by its `name`, `task` and `case`, or `id`, else by its place. Not of arrays of numbers
// longer than three (raw samples).
std::vector<Metric> numbers_of(const Json&, const std::string& prefix = "");

}  // namespace fk::tracking
