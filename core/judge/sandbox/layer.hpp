// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace fk::judge {

// One layer between a plugin and the machine, and whether it stands. A kernel that refuses one is
// no error: what is off is said in every record.
struct SandboxLayer {
  std::string name;
  bool on = false;
  std::string why;  // when it is off
};
using SandboxLayers = std::vector<SandboxLayer>;

}  // namespace fk::judge
