// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/resolve/plan.hpp"

namespace fk::core {

Pin Pin::parse(std::string_view text) {
  const auto fail = [&](const char* what) {
    bad_input(
        "pin \"{}\": {}; write task[:decode|:prefill][@path-pattern]=implementation, e.g. "
        "silu_and_mul@model.layers.*=mine",
        text, what);
  };
  Pin pin;
  pin.text = text;
  const size_t equals = text.find('=');
  if (equals == text.npos) fail("\"=\" is missing");
  std::string_view left = text.substr(0, equals);
  pin.implementation = text.substr(equals + 1);
  if (const size_t at = left.find('@'); at != left.npos) {
    pin.path = left.substr(at + 1);
    left = left.substr(0, at);
    if (pin.path.empty()) fail("the path pattern is empty");
  }
  if (const size_t colon = left.find(':'); colon != left.npos) {
    const std::string_view phase = left.substr(colon + 1);
    if (phase == "decode")
      pin.phase = Phase::kDecode;
    else if (phase == "prefill")
      pin.phase = Phase::kPrefill;
    else
      fail("the phase is neither decode nor prefill");
    left = left.substr(0, colon);
  }
  pin.task = left;
  if (pin.task.empty()) fail("the task is missing");
  if (pin.implementation.empty()) fail("the implementation is missing");
  return pin;
}

Policy Policy::parse(std::string_view text) {
  constexpr std::string_view kCandidate = "candidate:";
  Policy p;
  if (text == "baseline") return p;
  if (text.starts_with(kCandidate) && text.size() > kCandidate.size()) {
    p.kind = Kind::kCandidate;
    p.candidate = text.substr(kCandidate.size());
    return p;
  }
  if (text == "best") {
    p.kind = Kind::kBest;
    return p;
  }
  bad_input("unknown policy \"{}\"{}; one of baseline, best, candidate:NAME", text,
            did_you_mean(text, std::vector<std::string>{"baseline", "best", "candidate:NAME"}));
}

}  // namespace fk::core
