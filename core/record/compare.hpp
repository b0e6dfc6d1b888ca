// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <optional>

#include "core/judge/timing/stats.hpp"
#include "core/store/store.hpp"

namespace fk::record {

// One version of an implementation.
struct Version {
  std::string implementation, hash;
  auto operator<=>(const Version&) const = default;
};

// One case of two versions.
struct Compared {
  std::string device, case_id, dtype, init;
  std::optional<judge::Interval> speedup;  // seconds of the first over seconds of the second
  std::string code;                        // FAST, SAME, SLOW or AMBG: as measured, or by that
  std::string how;                         // "direct", or "against cpu/cpu"
  std::vector<std::string> ids;            // of the records that say so
  std::string missing;                     // why there is no speedup
};

// Two independent intervals of ratios: a quotient whose logarithm is as wide as both together.
judge::Interval quotient(const judge::Interval& over, const judge::Interval& under);

// What the store knows: every case that one of the two was measured on. Where they were measured
// against each other that is taken, else where both were against the same version of one baseline,
// on one device, in one dtype and, of composites, with the same children; the newest of each.
std::vector<Compared> compare(store::Store&, const std::string& task, const Version& first,
                              const Version& second);

}  // namespace fk::record
