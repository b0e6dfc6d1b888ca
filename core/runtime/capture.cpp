// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/capture.hpp"

#include <algorithm>

namespace fk::core {
namespace {

struct ByIdentity {
  bool operator()(const CapturedCall& a, const CapturedCall& b) const {
    return a.identity() < b.identity();
  }
};

bool is_number(std::string_view part) {
  return !part.empty() &&
         std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Every part between dots that is a number becomes "*".
std::string starred(const std::string& path) {
  std::string out;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (begin) out += '.';
    out += is_number(part) ? "*" : part;
    begin = end + 1;
  }
  return out;
}

}  // namespace

struct Capture::Impl {
  std::set<CapturedCall, ByIdentity> calls;
};

Capture::Capture() : impl_(std::make_unique<Impl>()) {}
Capture::~Capture() = default;

std::vector<CapturedCall> Capture::calls() const {
  std::vector<CapturedCall> out;
  for (const CapturedCall& c : impl_->calls)
    if (c.calls > 0) out.push_back(c);
  return out;
}

void Capture::clear() { impl_->calls.clear(); }

CapturedCall& Capture::entry(CapturedCall&& like) {
  // Sets have const elements because of their order, which nothing but the identity makes.
  return const_cast<CapturedCall&>(*impl_->calls.insert(std::move(like)).first);
}

std::set<std::string> path_patterns(const std::set<std::string>& paths,
                                    const std::set<std::string>& others) {
  std::set<std::string> taken;
  for (const std::string& path : others)
    if (!paths.contains(path)) taken.insert(starred(path));
  std::set<std::string> out;
  for (const std::string& path : paths) {
    const std::string pattern = starred(path);
    out.insert(taken.contains(pattern) ? path : pattern);
  }
  return out;
}

}  // namespace fk::core
