// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/feed.hpp"

namespace fk::judge {
namespace {

Json to_json(const Feed::At& at) { return {{"offset", at.offset}, {"step", at.step}}; }
Feed::At read(const Json& j) { return {j.at("offset").get<size_t>(), j.at("step").get<size_t>()}; }

}  // namespace

Json Feed::to_json() const {
  return {{"from", judge::to_json(from)}, {"to", judge::to_json(to)}, {"bytes", bytes}};
}

Feed Feed::from_json(const Json& j) {
  return {read(j.at("from")), read(j.at("to")), j.at("bytes").get<size_t>()};
}

}  // namespace fk::judge
