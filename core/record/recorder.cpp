// SPDX-License-Identifier: Apache-2.0
#include "core/record/recorder.hpp"

#include "core/base/error.hpp"
#include "core/record/history.hpp"

namespace fk::record {

Recorder::Recorder(bool on, const std::string& file, tracking::Command command,
                   const std::string& server)
    : on_(on), named_(file) {
  if (on_) tracker_ = std::make_unique<tracking::Tracker>(std::move(command), server);
  if (on_ && !named_.empty()) open();
}

store::Store& Recorder::open() {
  if (!store_)
    store_ = std::make_unique<store::Store>(named_.empty() ? store::default_path() : named_);
  return *store_;
}

std::string Recorder::add(store::Record record, const std::vector<tracking::Metric>& more) {
  std::string id;
  const auto write = [&](auto& row) {
    row.uuid = store::new_uuid();
    row.time = store::now_utc();
    if (!on_) return;
    try {
      id = open().add(row);
    } catch (const core::Error& e) {
      on_ = false;
      fmt::print(stderr, "nothing is recorded: {}\n", e.text());
    }
  };
  std::visit(write, record);
  if (!tracks()) return id;
  tracking::Pairs tags;
  if (id.empty()) std::visit([](auto& row) { row.uuid.clear(); }, record);  // it leads nowhere
  if (on_) tags = std::visit([&](const auto& row) { return lineage(row); }, record);
  tracker_->add(record, more, tags);
  return id;
}

void Recorder::conclude(const tracking::Json& found, const tracking::Pairs& files) {
  if (tracker_) tracker_->conclude(found, files);
}

// The version of the implementation that the store knew before this one.
template <class Row>
tracking::Pairs Recorder::lineage(const Row& row) {
  if constexpr (requires { row.implementation; }) {
    const auto [at, fresh] =
        before_.try_emplace(row.task + "\n" + row.implementation + "\n" + row.hash);
    if (fresh) {
      try {
        const auto all = history(open(), row.task, row.implementation);
        if (const auto versions = all.find(row.implementation); versions != all.end())
          for (const VersionHistory& v : versions->second) {
            if (v.hash == row.hash) break;
            at->second = v.hash;
          }
      } catch (const core::Error&) {}  // a store that is busy: this much less is known
    }
    if (!at->second.empty()) return {{"fk.parent_hash", at->second}};
  }
  return {};
}

}  // namespace fk::record
