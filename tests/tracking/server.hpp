// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include "tests/e2e/program.hpp"

namespace fk::test {

// `mlflow server` with a SQLite file, artifacts that it takes over HTTP and users, in a folder and
// on a port of its own.
class MlflowServer {
 public:
  MlflowServer();
  ~MlflowServer();
  // Why it does not run; "" once it does.
  const std::string& failure() const { return failure_; }
  const std::string& uri() const { return uri_; }
  static constexpr const char* kUser = "admin";
  static constexpr const char* kPassword = "a password of 28 characters.";
  // Of a command that is to send to it.
  std::vector<std::string> environment(const std::string& experiment) const;
  // All runs of an experiment, oldest first.
  Json runs(const std::string& experiment) const;
  // SIGSTOP, SIGCONT: to the server and all its processes.
  void signal(int) const;
  // The end of what it said.
  std::string log() const;
  std::string artifacts() const { return folder_ / "artifacts"; }

 private:
  bool answers() const;
  Folder folder_;
  pid_t group_ = 0;
  std::string uri_, failure_;
};

// What a program says on stdout; fails the test where it fails.
std::string output_of(const std::vector<std::string>& words);

// A port of 127.0.0.1 that nobody listens on.
int free_port();

}  // namespace fk::test
