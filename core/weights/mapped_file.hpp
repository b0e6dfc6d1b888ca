// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace fk::core {

// A whole file mapped read-only. Pages come from the page cache and are shared between processes.
class MappedFile {
 public:
  // Throws Error for a file that is missing, unreadable or not a regular file. An empty file maps
  // to no bytes.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path&);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  const uint8_t* data_;
  size_t size_;
};

}  // namespace fk::core
