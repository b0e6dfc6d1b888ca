// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include "tests/e2e/program.hpp"

namespace fk::test {

// A small random llama whose baselines are the reference's slow loops, a store of its own, and a
// folder for candidates whose worth is known.
struct Planting : testing::Test {
  Folder f;
  std::string config, candidates = f / "candidates", store = f / "store.db";
  std::vector<std::string> environment;

  Planting();
  // tests/e2e/planted/<task>.cpp, with PLANTED_<define> and compiler flags, as the candidate
  // <name>.
  void plant(const std::string& name, const std::string& task, const std::string& define,
             const std::string& flags = "") const;
  // The same as a baseline beside the reference.
  void plant_baseline(const std::string& name, const std::string& task, const std::string& define,
                      const std::string& flags = "") const;
};

}  // namespace fk::test
