// SPDX-License-Identifier: Apache-2.0
#include "core/judge/draws.hpp"

#include <string>

#include "core/plugin/content_hash.hpp"

namespace fk::judge {

uint64_t Draws::operator()() {
  core::ContentHash hash;
  hash.add("draws");
  hash.add(std::to_string(seed_));
  hash.add(std::to_string(drawn_++));
  return std::stoull(hash.hex().substr(0, 16), nullptr, 16);
}

}  // namespace fk::judge
