// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "core/plugin/load_host.hpp"

namespace fk::test {
namespace {

std::string said;  // by the destructor below

struct LastWord {
  ~LastWord() {
    core::error_record().text = std::string(100, 'x');
    said = core::error_record().text;
    core::error_record().clear();
  }
};

// As at exit, where a static model is destroyed after the main thread's own objects.
TEST(ErrorRecord, CanBeWrittenAfterTheThreadsOwnIsGone) {
  core::ErrorRecord* during = nullptr;
  std::thread([&] {
    static thread_local LastWord word;  // made first, so destroyed after the record
    (void)word;
    during = &core::error_record();
    during->text = std::string(100, 'y');
  }).join();
  EXPECT_EQ(said, std::string(100, 'x'));
  EXPECT_NE(during, nullptr);
}

}  // namespace
}  // namespace fk::test
