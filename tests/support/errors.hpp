// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.hpp"

namespace fk::test {

// The text of the Error that body throws; fails the test when it throws none.
template <class F>
std::string error_of(F&& body) {
  try {
    body();
  } catch (const core::Error& e) { return e.text(); }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace fk::test
