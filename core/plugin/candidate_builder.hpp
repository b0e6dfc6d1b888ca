// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/catalog.hpp"

namespace fk::core {

// Where a plugin's compiler finds fk/abi.h, fk/plugin.hpp and the generated headers.
struct Sdk {
  std::vector<std::filesystem::path> includes;
  // Beside an executable: <build>/bin/fk with the source tree's plugin_api, or <prefix>/bin/fk with
  // <prefix>/include. Throws Error kMissing when neither is there.
  static Sdk find(const std::filesystem::path& executable,
                  const std::filesystem::path& source_tree);
  static Sdk of_this_process();
};

// Builds dropped-in sources with the system's compilers ($CXX, $CC, $NVCC or c++, cc, nvcc) and the
// flags of fk_add_plugin. What was built before from the same sources, headers, flags and compiler,
// on the same processor, is taken from the cache. The same again gives the same bytes: a plugin's
// hash names its code, not the day on which it was compiled.
class CandidateBuilder {
 public:
  struct Result {
    std::filesystem::path library;
    bool built = false;
    double seconds = 0;
    std::string warnings;
  };
  using Progress = std::function<void(const std::string& line)>;

  // `progress` gets a line before and after every build, one thread at a time.
  explicit CandidateBuilder(Sdk sdk, Progress progress = {});
  // Throws Error: "does not compile:" with the compiler's text as it is, or what is missing.
  Result build(const Manifest&) const;
  SourceBuilder builder() const;  // for Catalog::use_builder; shares this object's settings

 private:
  std::string sources_key(const Manifest&) const;
  std::string key(const std::string& sources_key,
                  const std::vector<std::filesystem::path>& sources) const;
  Sdk sdk_;
  Progress progress_;
};

}  // namespace fk::core
