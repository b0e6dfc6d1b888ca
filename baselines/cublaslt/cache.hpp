// SPDX-License-Identifier: Apache-2.0
// What searches found, in memory and on disk: searched once a machine.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "matmul.hpp"

namespace fk::cublaslt {

// The file is $FK_CACHE_DIR (or ~/.cache/fastkernels)/cublaslt-<card>-<library version>.txt, a line
// a key with its numbers: an algorithm's 64 bytes, or a decision. What cannot be read or written is
// as if it were not there: a cache may only cost time. Not thread-safe.
class SearchCache {
 public:
  using Numbers = std::vector<uint64_t>;
  SearchCache(const std::string& card, size_t library_version);
  std::optional<Numbers> find(const std::string& key) const;
  void add(const std::string& key, const Numbers& numbers);

 private:
  std::string path_;  // "" when there is no folder
  std::map<std::string, Numbers> found_;
};

// m's bucket (the next power of two) and all that makes algorithms comparable.
std::string bucket_key(const Problem& p);

}  // namespace fk::cublaslt
