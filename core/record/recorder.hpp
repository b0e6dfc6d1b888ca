// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>

#include "core/store/store.hpp"
#include "core/tracking/tracker.hpp"

namespace fk::record {

// Where a command's records go: the store, opened when there is something to write, and the
// tracking server, where one is configured. A store at its default place that cannot be written
// costs the records, said once on stderr, and not the work that they are about; one that somebody
// named has to be there. One thread.
class Recorder {
 public:
  // `file`: "" for the default place. Throws Error for a named store that cannot be written.
  // `server`: of a flag, see tracking::Tracker. Nothing goes anywhere with `on` false.
  explicit Recorder(bool on = true, const std::string& file = "", tracking::Command = {},
                    const std::string& server = "");

  // The record's id, or "" where nothing was written. `more`: numbers for the server alone.
  std::string add(store::Record, const std::vector<tracking::Metric>& more = {});
  // What the command found in all, for the server: numbers and files of the command's own run.
  void conclude(const tracking::Json& found, const tracking::Pairs& files = {});
  // Whether anything is kept anywhere.
  bool on() const { return on_ || tracks(); }
  bool tracks() const { return tracker_ && tracker_->on(); }
  // To look things up; null where nothing is stored. Throws Error for a store that does not open.
  store::Store* store() { return on_ ? &open() : nullptr; }
  // Says now what a server that is not there would cost after the measuring.
  void probe() {
    if (tracker_) tracker_->probe();
  }

 private:
  store::Store& open();
  template <class Row>
  tracking::Pairs lineage(const Row&);
  bool on_;
  std::filesystem::path named_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tracking::Tracker> tracker_;  // null: off
  std::map<std::string, std::string> before_;   // the version before one, by implementation
};

}  // namespace fk::record
