// SPDX-License-Identifier: Apache-2.0
#include "core/record/recorder.hpp"

#include "core/base/error.hpp"

namespace fk::record {

Recorder::Recorder(bool on, const std::string& file) : on_(on), named_(file) {
  if (on_ && !named_.empty()) open();
}

store::Store& Recorder::open() {
  if (!store_)
    store_ = std::make_unique<store::Store>(named_.empty() ? store::default_path() : named_);
  return *store_;
}

std::string Recorder::add(store::Record record) {
  if (!on_) return "";
  try {
    return open().add(std::move(record));
  } catch (const core::Error& e) {
    on_ = false;
    fmt::print(stderr, "nothing is recorded: {}\n", e.text());
    return "";
  }
}

}  // namespace fk::record
