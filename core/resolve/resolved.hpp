// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fk::core {

// What computes equal nodes of a tree, found by a search (see core/resolver) and carried out by a
// build: the policy `best`.
struct Resolved {
  struct Chosen {
    std::string implementation, hash, reason;
    std::string decode, decode_hash,
        decode_reason;      // of decode steps, where it is another; or empty
    int64_t instances = 0;  // that it computes, in build order; 0: the rest
  };
  using Key = std::pair<std::string, std::string>;  // task and canonical init, as Choice has them
  std::map<Key, std::vector<Chosen>> subs;          // a sub-problem without an entry: as `baseline`
};

}  // namespace fk::core
