// SPDX-License-Identifier: Apache-2.0
#include "core/record/recorder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/errors.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::record {
namespace {

namespace fs = std::filesystem;

// FK_STORE while it lives.
class StoreAt {
 public:
  explicit StoreAt(const fs::path& path) {
    if (const char* before = std::getenv("FK_STORE")) before_ = before;
    setenv("FK_STORE", path.c_str(), 1);
  }
  ~StoreAt() {
    if (before_.empty())
      unsetenv("FK_STORE");
    else
      setenv("FK_STORE", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

TEST(Recorder, OpensTheStoreWhenThereIsSomethingToWrite) {
  const test::TempFolder f;
  const StoreAt here(f / "a/r.db");
  Recorder r;
  EXPECT_FALSE(fs::exists(f / "a"));
  const std::string id = r.add(store::RunRecord{});
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(store::Store(f / "a/r.db").find<store::RunRecord>().at(0).uuid, id);
}

TEST(Recorder, APlaceThatCannotBeWrittenIsSaidOnceAndCostsTheRecordsAlone) {
  const StoreAt here("/proc/nothing/r.db");
  Recorder r;
  testing::internal::CaptureStderr();
  EXPECT_EQ(r.add(store::RunRecord{}), "");
  EXPECT_EQ(r.add(store::RunRecord{}), "");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with("nothing is recorded: /proc/nothing/r.db: ")) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST(Recorder, ANamedPlaceHasToBeThere) {
  EXPECT_NE(test::error_of([] { Recorder(true, "/proc/nothing/r.db"); }).find("/proc/nothing/r.db"),
            std::string::npos);
}

TEST(Recorder, WritesNothingWhenItIsOff) {
  const test::TempFolder f;
  const StoreAt here(f / "r.db");
  EXPECT_EQ(Recorder(false).add(store::RunRecord{}), "");
  EXPECT_FALSE(fs::exists(f / "r.db"));
}

}  // namespace
}  // namespace fk::record
