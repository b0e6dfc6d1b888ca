// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <string>

#include "core/base/json.hpp"

namespace fk::core {

// Where the time of something long went: seconds by what they were spent on, in the order in which
// it was first done.
class Laps {
 public:
  // All since the last one, or since the beginning, went into this.
  void operator()(const std::string& what) {
    const auto now = Clock::now();
    add(what, std::chrono::duration<double>(now - last_).count());
    last_ = now;
  }
  void add(const std::string& what, double seconds) {
    seconds_[what] = seconds_.value(what, 0.0) + seconds;
  }
  // What went by since is nobody's.
  void restart() { last_ = Clock::now(); }
  const nlohmann::ordered_json& to_json() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
  nlohmann::ordered_json seconds_ = nlohmann::ordered_json::object();
};

}  // namespace fk::core
