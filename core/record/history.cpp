// SPDX-License-Identifier: Apache-2.0
#include "core/record/history.hpp"

#include <algorithm>
#include <cmath>

namespace fk::record {
namespace {

using store::Measurement;
using store::Verdict;
using Histories = std::map<std::string, std::vector<VersionHistory>>;

template <class Row>
VersionHistory& version_of(Histories& all, const Row& row) {
  std::vector<VersionHistory>& versions = all[row.implementation];
  auto at = std::find_if(versions.begin(), versions.end(),
                         [&](const VersionHistory& v) { return v.hash == row.hash; });
  if (at == versions.end()) {
    at = versions.insert(versions.end(), VersionHistory{});
    at->hash = row.hash;
    at->first_seen = row.time;
  }
  at->first_seen = std::min(at->first_seen, row.time);
  if (!row.version.empty()) at->version = row.version;
  if (!row.revision.empty()) at->revision = row.revision;
  return *at;
}

}  // namespace

double VersionHistory::speed() const {
  double sum = 0;
  size_t count = 0;
  for (const auto& [name, m] : cases)
    if (m.ratio > 0) sum += std::log(m.ratio), ++count;
  return count == 0 ? 0 : std::exp(sum / double(count));
}

Histories history(store::Store& store, const std::string& task, const std::string& implementation) {
  Histories all;
  store::Filter filter;
  filter.task = task;
  filter.implementation = implementation;
  store.each<Verdict>(filter, [&](const Verdict& v) { version_of(all, v).verdict = v; });
  store.each<Measurement>(filter, [&](const Measurement& m) {
    Measurement& kept =
        version_of(all, m).cases[m.device + "\n" + m.case_id + "\n" + m.dtype + "\n" + m.baseline];
    kept = m;
    kept.samples = store::Json::array();
  });
  for (auto& [name, versions] : all)
    std::stable_sort(versions.begin(), versions.end(),
                     [](const VersionHistory& a, const VersionHistory& b) {
                       return a.first_seen < b.first_seen;
                     });
  return all;
}

}  // namespace fk::record
