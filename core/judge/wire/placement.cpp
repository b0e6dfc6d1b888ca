// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/placement.hpp"

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"

namespace fk::judge {

Json Placement::to_json() const {
  return {{"name", name},
          {"in", int(in)},
          {"offset", offset},
          {"step", step},
          {"dtype", core::dtype_name(dtype)},
          {"shape", shape},
          {"strides", strides}};
}

Placement Placement::from_json(const Json& j) {
  Placement p;
  p.name = j.at("name").get<std::string>();
  p.in = In(j.at("in").get<int>());
  p.offset = j.at("offset").get<size_t>();
  p.step = j.at("step").get<size_t>();
  const auto dtype = core::parse_dtype(j.at("dtype").get<std::string>());
  if (!dtype) core::bad_input("placement of {}: no dtype", p.name);
  p.dtype = *dtype;
  p.shape = j.at("shape").get<std::vector<int64_t>>();
  p.strides = j.at("strides").get<std::vector<int64_t>>();
  return p;
}

}  // namespace fk::judge
