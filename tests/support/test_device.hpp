// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "fk/abi.h"

namespace fk::test {

// Where tests that can run on any device run: FK_TEST_DEVICE, by default the CPU.
inline fk_device test_device() {
  const char* text = std::getenv("FK_TEST_DEVICE");
  if (!text || std::string_view(text) == "cpu") return {FK_CPU, 0};
  if (std::string_view(text) == "cuda:0") return {FK_CUDA, 0};
  throw std::runtime_error(std::string("FK_TEST_DEVICE is ") + text + ", expected cpu or cuda:0");
}

}  // namespace fk::test
