// SPDX-License-Identifier: Apache-2.0
#include "cache.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fk::cublaslt {
namespace {

std::filesystem::path folder() {
  if (const char* given = std::getenv("FK_CACHE_DIR"); given && *given) return given;
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::filesystem::path(home) / ".cache" / "fastkernels";
  return {};
}

}  // namespace

SearchCache::SearchCache(const std::string& card, size_t library_version) {
  const auto dir = folder();
  if (dir.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  std::string name = "cublaslt-" + card + "-" + std::to_string(library_version) + ".txt";
  for (char& c : name)
    if (c == ' ' || c == '/') c = '_';
  path_ = (dir / name).string();
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, end;
    Numbers numbers;
    words >> key >> std::hex;
    for (uint64_t n; words >> n;) numbers.push_back(n);
    words.clear();
    if (words >> end && end == ".") found_[key] = numbers;  // a line cut short has no "."
  }
}

std::optional<SearchCache::Numbers> SearchCache::find(const std::string& key) const {
  const auto at = found_.find(key);
  if (at == found_.end()) return std::nullopt;
  return at->second;
}

void SearchCache::add(const std::string& key, const Numbers& numbers) {
  found_[key] = numbers;
  if (path_.empty()) return;
  std::ostringstream line;
  line << key << std::hex;
  for (const uint64_t n : numbers) line << ' ' << n;
  line << " .\n";
  // One write in append mode: lines of several processes do not mix.
  if (std::FILE* file = std::fopen(path_.c_str(), "a")) {
    const std::string text = line.str();
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
}

std::string bucket_key(const Problem& p) {
  // Rows of 16 bytes or not decides which kernels may be used, their exact distance does not.
  const int64_t size = p.in == CUDA_R_32F ? 4 : 2, out_size = p.out == CUDA_R_32F ? 4 : 2;
  auto aligned = [](int64_t ld, int64_t element, int align) {
    return ld * element % 16 == 0 && align >= 16 ? 'a' : 'u';
  };
  char text[160];
  std::snprintf(text, sizeof text, "m%llu.n%lld.k%lld.in%d.out%d.bias%d.%c%c%c",
                static_cast<unsigned long long>(std::bit_ceil(uint64_t(p.m))),
                static_cast<long long>(p.n), static_cast<long long>(p.k), int(p.in), int(p.out),
                int(p.bias), aligned(p.ldx, size, p.align_x), aligned(p.ldw, size, p.align_w),
                aligned(p.ldy, out_size, p.align_y));
  return text;
}

}  // namespace fk::cublaslt
