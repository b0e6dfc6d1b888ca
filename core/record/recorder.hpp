// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/store/store.hpp"

namespace fk::record {

// The store as a command writes to it: opened when there is something to write. A store at its
// default place that cannot be written costs the records, said once on stderr, and not the work
// that they are about; one that somebody named has to be there. One thread.
class Recorder {
 public:
  // `file`: "" for the default place. Throws Error for a named store that cannot be written.
  explicit Recorder(bool on = true, const std::string& file = "");

  // The record's id, or "" where nothing was written.
  std::string add(store::Record);
  bool on() const { return on_; }

 private:
  store::Store& open();
  bool on_;
  std::filesystem::path named_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace fk::record
