// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>

#include "core/judge/cases/captured_cases.hpp"

namespace fk::cases {
namespace {

using core::CapturedCall;

int64_t total_context(const CapturedCall& c) {
  int64_t sum = 0;
  for (const auto& s : c.seqs) sum += std::max<int64_t>(0, s.context);
  return sum;
}

// The identity with "a context of 1, 2 to 3, 4 to 7, ..." in place of the contexts.
CapturedCall blurred(const CapturedCall& c) {
  CapturedCall out = c;
  for (auto& s : out.seqs) s.context = std::min<int64_t>(s.context, 0);
  if (!out.seqs.empty()) out.seqs[0].context = std::bit_width(uint64_t(total_context(c)));
  return out;
}

struct ByIdentity {
  bool operator()(const CapturedCall& a, const CapturedCall& b) const {
    return a.identity() < b.identity();
  }
};

CapturedCall sum_of(const std::vector<const CapturedCall*>& like) {
  double calls = 0, contexts = 0;
  for (const CapturedCall* c : like) {
    calls += double(c->calls);
    contexts += double(c->calls) * double(total_context(*c));
  }
  const double mean = contexts / std::max(1.0, calls);
  CapturedCall out = **std::min_element(like.begin(), like.end(), [&](auto* a, auto* b) {
    return std::abs(double(total_context(*a)) - mean) < std::abs(double(total_context(*b)) - mean);
  });
  out.calls = 0;
  out.seconds = out.self_seconds = 0;
  for (const CapturedCall* c : like) {
    out.calls += c->calls;
    out.seconds += c->seconds;
    out.self_seconds += c->self_seconds;
    out.paths.insert(c->paths.begin(), c->paths.end());
  }
  return out;
}

}  // namespace

std::vector<CapturedCall> folded(const std::vector<CapturedCall>& calls) {
  std::map<CapturedCall, std::vector<const CapturedCall*>, ByIdentity> groups;
  for (const CapturedCall& c : calls) groups[blurred(c)].push_back(&c);
  std::vector<CapturedCall> out;
  for (const auto& [key, like] : groups) out.push_back(sum_of(like));
  return out;
}

}  // namespace fk::cases
