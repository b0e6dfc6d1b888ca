// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/cache.hpp"

#include <pwd.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/error.hpp"

namespace fk::core {
namespace fs = std::filesystem;

fs::path cache_folder() {
  const auto env = [](const char* name) {
    const char* v = std::getenv(name);
    return v && *v ? fs::path(v) : fs::path();
  };
  if (fs::path p = env("FK_CACHE_DIR"); !p.empty()) return fs::absolute(p);
  if (fs::path p = env("XDG_CACHE_HOME"); !p.empty()) return fs::absolute(p) / "fastkernels";
  if (fs::path p = env("HOME"); !p.empty()) return p / ".cache" / "fastkernels";
  if (const passwd* user = getpwuid(getuid()))
    return fs::path(user->pw_dir) / ".cache" / "fastkernels";
  missing("no folder for the cache: set FK_CACHE_DIR");
}

void write_atomically(const fs::path& path, std::span<const uint8_t> bytes) {
  static std::atomic<uint64_t> serial{0};
  const fs::path temporary =
      path.parent_path() / fmt::format(".{}.{}.{}", path.filename().string(), getpid(), serial++);
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::FILE* f = std::fopen(temporary.c_str(), "wb");
  if (!f)
    missing("{}: cannot be written: {}; set FK_CACHE_DIR to a folder that can", temporary.string(),
            std::strerror(errno));
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), f) == bytes.size();
  const bool closed = std::fclose(f) == 0;
  if (written && closed) fs::rename(temporary, path, error);
  if (!written || !closed || error) {
    fs::remove(temporary, error);
    missing("{}: cannot be written: disk full?", path.string());
  }
}

fs::path cached_copy(std::span<const uint8_t> bytes, std::string_view hash, std::string_view name) {
  const fs::path path = cache_folder() / "plugins" / fmt::format("{}-{}.so", name, hash);
  std::error_code error;
  if (fs::file_size(path, error) == bytes.size() && !error) return path;
  write_atomically(path, bytes);
  return path;
}

}  // namespace fk::core
