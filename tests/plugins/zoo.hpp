// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {

inline std::filesystem::path zoo_folder(const std::string& name) {
  return std::filesystem::path(FK_BUILD_DIR) / "zoo" / name;
}

inline core::Catalog load_zoo(const std::string& name) {
  core::Catalog c(registry());
  c.add_folder(zoo_folder(name), core::Implementation::Kind::kCandidate);
  return c;
}

// silu_and_mul by one implementation of a zoo plugin, on x [2, 6] and y [2, 3]; strides of y can be
// given.
inline void run_zoo(const std::string& plugin, const std::string& impl,
                    core::LayerOptions layers = {.validate = true}, int64_t y_stride = 3) {
  TaskOptions options;
  options.implementation = plugin + "/" + impl;
  options.layers = layers;
  TaskRunner runner("silu_and_mul", Json::object(), {}, options, load_zoo(plugin));
  const Array x = Array::random(kF32, {2, 6}, 1);
  Array y(kF32, {2, y_stride});
  int64_t shape[2]{2, 3}, strides[2]{y_stride, 1};
  const fk_tensor view{y.data<float>(), {FK_CPU, 0}, 2, kF32, shape, strides, 0};
  runner.run_tensors({{"x", x.tensor()}, {"y", &view}});
  runner.model().close();
}

}  // namespace fk::test
