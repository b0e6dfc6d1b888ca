// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "core/tracking/settings.hpp"

namespace fk::tracking {

struct Reply {
  long status = 0;
  std::string body;
};

// One connection that is kept, and a bound on how long a command waits for it in all: who answers
// within a second may be asked as often as there is something to say, the rest shares 5 seconds.
class Http {
 public:
  explicit Http(Settings);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // `path`: behind the server's address, or an address of its own. Throws Error where no answer
  // came; any status is an answer.
  Reply send(const char* method, const std::string& path, const std::string& body = "",
             const char* type = "application/json");
  std::string escaped(const std::string& text) const;
  const Settings& settings() const { return settings_; }

 private:
  Settings settings_;
  double patience_ = 5;  // seconds
  void* curl_;           // CURL*
};

}  // namespace fk::tracking
