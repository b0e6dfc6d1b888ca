// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/judge/sandbox/layer.hpp"

namespace fk::judge {

// The Runner's process: in namespaces of its own as far as the kernel allows, with an empty
// environment, no descriptor but its end of a socket (number 3), killed with its parent.
struct Spawned {
  int pid = -1;
  int socket = -1;  // the Judge's end
  SandboxLayers layers;
};

struct SpawnOptions {
  std::string program;                   // absolute
  std::vector<std::string> environment;  // "NAME=value"
  bool namespaces = true;
  bool card = false;  // it drives one, whose driver reads /proc while it starts
};

// Throws Error kMissing when no process can be started. The thread that calls must live as long as
// the process: the kernel kills it when its parent thread ends.
Spawned spawn(const SpawnOptions&);

// Kills the process with everything in its namespace and waits for it. Gives its wait status.
int reap(int pid);
// Waits at most so long; -1 when it still runs.
int wait_briefly(int pid, int milliseconds);
// "signal 11 (Segmentation fault)", "exit code 3".
std::string exit_text(int status);

}  // namespace fk::judge
