// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/case.hpp"
#include "core/plugin/catalog.hpp"
#include "core/runtime/capture.hpp"

namespace fk::cases {

// A call that a model made as a case, nothing cut: the sizes, sequences and small integers of the
// call, random numbers for the rest. `captured/<phase>/<sizes>-<8 hex digits of its content>`;
// weight: the seconds of all such calls. Cache blocks are as many as the sequences need, in the
// engine's order where the call has it; slots of recurrent states are the schedule's own.
Case case_of(const core::CapturedCall&);

// Every step of a generation has contexts of its own. Calls that differ in those alone, and whose
// contexts add up to the same power of two, as one: the one nearest to their mean, with the calls,
// seconds and paths of all.
std::vector<core::CapturedCall> folded(const std::vector<core::CapturedCall>&);

// Of a case that the reference answers in a minute.
constexpr double kMostOperations = 30e9;

// Why the reference cannot answer a case in a minute and two GiB, or "". `reference`: a catalog
// with the reference in it.
std::string too_large(const core::Catalog& reference, const core::TaskSpec&, const Case&,
                      double most_operations = kMostOperations);

}  // namespace fk::cases
