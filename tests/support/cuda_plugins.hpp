// SPDX-License-Identifier: Apache-2.0
// The CUDA plugins of this build, as CMake knows them: a test has one instance for each that was
// built, and fails where the catalog does not have it. The test's CMakeLists.txt calls
// fk_names_cuda_plugins().
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/task_runner.hpp"

namespace fk::test {

inline std::vector<std::string> cuda_plugins() {
  std::vector<std::string> names;
  for (const char* const name : {FK_CUDA_PLUGINS static_cast<const char*>(nullptr)})
    if (name) names.emplace_back(name);
  return names;
}

// Those of `ids`, "<plugin>/<implementation>", whose plugin was built.
inline std::vector<std::string> of_built_plugins(const std::vector<std::string>& ids) {
  std::vector<std::string> built;
  for (const std::string& id : ids)
    for (const std::string& plugin : cuda_plugins())
      if (id.starts_with(plugin + "/")) built.push_back(id);
  return built;
}

inline const core::Implementation* find_implementation(const std::string& task,
                                                       const std::string& id) {
  for (const core::Implementation* i : catalog().implementations(task))
    if (i->id() == id) return i;
  return nullptr;
}

// A test's parameter as a part of its name.
inline std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

}  // namespace fk::test
