// SPDX-License-Identifier: Apache-2.0
// Algorithms that a search found fastest, in memory and on disk: searched once a machine.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "matmul.hpp"

namespace fk::cublaslt {

// The file is $FK_CACHE_DIR (or ~/.cache/fastkernels)/cublaslt-<card>-<library version>.txt, a line
// a key with the algorithm's 64 bytes. What cannot be read or written is as if it were not there:
// a cache may only cost time. Not thread-safe.
class AlgorithmCache {
 public:
  AlgorithmCache(const std::string& card, size_t library_version);
  std::optional<cublasLtMatmulAlgo_t> find(const std::string& key) const;
  void add(const std::string& key, const cublasLtMatmulAlgo_t& algo);

 private:
  std::string path_;  // "" when there is no folder
  std::map<std::string, cublasLtMatmulAlgo_t> found_;
};

// m's bucket (the next power of two) and all that makes algorithms comparable.
std::string bucket_key(const Problem& p);

}  // namespace fk::cublaslt
