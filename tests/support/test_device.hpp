// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fk/abi.h"

namespace fk::test {

// Where tests that can run on any device run: FK_TEST_DEVICE, cpu (by default) or cuda:N.
inline fk_device test_device() {
  const char* text = std::getenv("FK_TEST_DEVICE");
  if (!text || std::string_view(text) == "cpu") return {FK_CPU, 0};
  const std::string_view name(text), card = "cuda:";
  int32_t index = 0;
  if (const auto [end, error] =
          std::from_chars(name.data() + std::min(card.size(), name.size()), name.end(), index);
      name.starts_with(card) && error == std::errc() && end == name.end())
    return {FK_CUDA, index};
  throw std::runtime_error(std::string("FK_TEST_DEVICE is ") + text + ", expected cpu or cuda:0");
}

}  // namespace fk::test
