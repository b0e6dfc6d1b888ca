// SPDX-License-Identifier: Apache-2.0
#include "baselines/cublaslt/cache.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fk::cublaslt {
namespace {

namespace fs = std::filesystem;

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("fk_cublaslt_" + std::to_string(getpid()));
    ASSERT_EQ(setenv("FK_CACHE_DIR", folder_.c_str(), 1), 0);
  }
  void TearDown() override {
    unsetenv("FK_CACHE_DIR");
    fs::remove_all(folder_);
  }
  fs::path file() const { return folder_ / "cublaslt-A_Card-7.txt"; }
  static SearchCache::Numbers algo(uint64_t seed) {
    SearchCache::Numbers words(8);
    for (auto& word : words) word = seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return words;
  }
  fs::path folder_;
};

TEST_F(Cache, IsReadBackByTheNextProcess) {
  {
    SearchCache cache("A Card", 7);
    EXPECT_FALSE(cache.find("m1"));
    cache.add("m1", algo(1));
    cache.add("m2", algo(2));
    cache.add("m1", algo(3));
    cache.add("ours.m1", {1});
    ASSERT_TRUE(cache.find("m1"));
    EXPECT_EQ(*cache.find("m1"), algo(3));
  }
  SearchCache next("A Card", 7);
  ASSERT_TRUE(next.find("m1") && next.find("m2") && next.find("ours.m1"));
  EXPECT_EQ(*next.find("ours.m1"), SearchCache::Numbers{1});
  EXPECT_EQ(*next.find("m1"), algo(3));
  EXPECT_EQ(*next.find("m2"), algo(2));
  EXPECT_FALSE(SearchCache("A Card", 8).find("m1")) << "another library version";
  EXPECT_FALSE(SearchCache("B", 7).find("m1")) << "another card";
}

TEST_F(Cache, LeavesOutLinesThatAreCutShort) {
  { SearchCache("A Card", 7).add("m1", algo(1)); }
  const auto whole = fs::file_size(file());
  for (uintmax_t size = 0; size < whole; ++size) {
    fs::resize_file(file(), size);
    if (size + 1 < whole) { EXPECT_FALSE(SearchCache("A Card", 7).find("m1")) << size << " bytes"; }
    std::ofstream(file()) << "";
    SearchCache("A Card", 7).add("m1", algo(1));
  }
}

TEST_F(Cache, WorksWithoutAFolder) {
  ASSERT_EQ(setenv("FK_CACHE_DIR", "/proc/none/such", 1), 0);
  SearchCache cache("A Card", 7);
  cache.add("m1", algo(1));
  EXPECT_TRUE(cache.find("m1"));
}

TEST(BucketKey, RoundsMUpAndTellsAlignedRowsApart) {
  Problem p{5, 6144, 4096, 4096, 4096, 6144, CUDA_R_16BF, CUDA_R_16BF, false, 256, 256, 256};
  const std::string key = bucket_key(p);
  EXPECT_EQ(key, "m8.n6144.k4096.in14.out14.bias0.aaa");
  p.m = 8;
  EXPECT_EQ(bucket_key(p), key);
  p.m = 9;
  EXPECT_NE(bucket_key(p), key);
  p.m = 8, p.ldx = 4104;
  EXPECT_EQ(bucket_key(p), key);
  p.ldx = 4099;
  EXPECT_EQ(bucket_key(p), "m8.n6144.k4096.in14.out14.bias0.uaa");
}

}  // namespace
}  // namespace fk::cublaslt
