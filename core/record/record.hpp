// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/judge.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/record/machine.hpp"
#include "core/tracking/client.hpp"

namespace fk::record {

// What was judged and measured as the store keeps it.

// A node with children is as fast and as right as the plugins that computed them: a hash of their
// names and hashes, whatever their order. "" for none.
std::string context_of(const std::vector<judge::PluginFile>& companions);

// The init of a case as a plan has it (Choice::init): all fields in order, defaults filled in.
std::string canonical_init(const core::Registry&, const core::TaskSpec&, const cases::Case&);

// decode or prefill, as the case or its name says; else "".
std::string bucket_of(const core::TaskSpec&, const cases::Case&);

// 16 hex digits.
std::string signature_text(const core::TaskSpec&);

// A hash of what was asked: the task's signature, its file of odd shapes, the names of the cases
// (those that stand nowhere are drawn anew every time, and left out), and whether their numbers
// were chosen: a verdict on known numbers is none on others.
std::string case_set_of(const core::Registry&, const core::TaskSpec&, const judge::CheckRecord&);

store::Measurement measurement(const Machine&, const core::Registry&, const core::TaskSpec&,
                               const cases::Case&, const judge::Contestant& candidate,
                               const judge::Contestant& baseline, const judge::BenchResult&,
                               const std::string& context);
// Bytes and operations a second of what was timed, by the task's expressions; none where they do
// not say. For a tracking server: the store's readers compute them from the case.
std::vector<tracking::Metric> rates(const core::Registry&, const core::TaskSpec&, cases::Case,
                                    const judge::BenchResult&);
store::Verdict verdict(const Machine&, const core::Registry&, const core::TaskSpec&,
                       const judge::PluginFile&, const judge::CheckRecord&,
                       const std::string& context);

}  // namespace fk::record
