// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/weights/tensor_file.hpp"
#include "core/weights/weight_store.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::core::test {

inline const std::filesystem::path kSource = FK_SOURCE_DIR;
inline const std::filesystem::path kGolden = kSource / "tests/golden/weights";
inline const std::filesystem::path kHfMap = kSource / "configs/weights/llama_hf.yaml";
inline const std::filesystem::path kGgufMap = kSource / "configs/weights/llama_gguf.yaml";
constexpr fk_dtype kF32{FK_FLOAT, 32, 1}, kF16{FK_FLOAT, 16, 1}, kBf16{FK_BFLOAT, 16, 1},
    kF64{FK_FLOAT, 64, 1}, kU8{FK_UINT, 8, 1}, kI32{FK_INT, 32, 1};

// Text of the Error that `f` throws; "no error" when it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) { return e.text(); }
  return "no error";
}

class Folder : public fk::test::TempFolder {
 public:
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(*this / name, std::ios::binary) << bytes;
    return *this / name;
  }
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string bytes_of(const std::vector<T>& v) {
  return {reinterpret_cast<const char*>(v.data()), v.size() * sizeof(T)};
}
inline std::string le(uint64_t v, int bytes) {
  return std::string(reinterpret_cast<const char*>(&v), size_t(bytes));
}

// A safetensors file of this header (padded to `align`) and data.
inline std::string safetensors(std::string header, const std::string& data, size_t align = 8) {
  while (header.size() % align) header += ' ';
  return le(header.size(), 8) + header + data;
}

// Writes GGUF v3 by hand, so that a test can break any byte of it.
struct Gguf {
  struct Tensor {
    std::string name;
    std::vector<uint64_t> dims;
    uint32_t type;
    uint64_t offset;
  };
  std::vector<std::string> keys;
  std::vector<Tensor> tensors;
  std::string data;
  uint32_t version = 3;
  static std::string text(const std::string& s) { return le(s.size(), 8) + s; }
  Gguf& key(const std::string& name, uint32_t type, const std::string& value) {
    keys.push_back(text(name) + le(type, 4) + value);
    return *this;
  }
  Gguf& tensor(const std::string& name, std::vector<uint64_t> dims, uint32_t type,
               uint64_t offset) {
    tensors.push_back({name, std::move(dims), type, offset});
    return *this;
  }
  // Appends the tensor's bytes at the next multiple of 32.
  Gguf& add(const std::string& name, std::vector<uint64_t> dims, uint32_t type,
            const std::string& bytes) {
    data.resize((data.size() + 31) / 32 * 32);
    tensor(name, std::move(dims), type, data.size());
    data += bytes;
    return *this;
  }
  std::string bytes(size_t alignment = 32) const {
    std::string out = "GGUF" + le(version, 4) + le(tensors.size(), 8) + le(keys.size(), 8);
    for (const std::string& k : keys) out += k;
    for (const Tensor& t : tensors) {
      out += text(t.name) + le(t.dims.size(), 4);
      for (uint64_t d : t.dims) out += le(d, 8);
      out += le(t.type, 4) + le(t.offset, 8);
    }
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data;
  }
};

// A parsed file that keeps its bytes (the reader only points into them).
struct InMemory {
  explicit InMemory(const std::string& bytes, const std::string& name = "f")
      : storage(bytes.begin(), bytes.end()), file(TensorFile::parse(storage, name)) {}
  std::vector<uint8_t> storage;
  std::shared_ptr<TensorFile> file;
};
inline std::string parse_error(const std::string& bytes) {
  return error_of([&] { InMemory f(bytes); });
}

template <class T>
std::vector<T> values(const fk_tensor* t) {
  int64_t n = 1;
  for (int i = 0; i < t->ndim; ++i) n *= t->shape[i];
  const T* p = static_cast<const T*>(t->data);
  return {p, p + n};
}

// The checksum of tests/golden/weights/make_gguf.py: FNV-1a chains over 4096 32-bit words each,
// then over the chains.
inline std::string fnv_words(const std::vector<float>& v) {
  constexpr uint64_t kBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;
  uint64_t total = kBasis;
  for (size_t begin = 0; begin < v.size(); begin += 4096) {
    uint64_t h = kBasis;
    for (size_t i = begin; i < begin + 4096; ++i) {
      uint32_t word = 0;
      if (i < v.size()) std::memcpy(&word, &v[i], 4);
      h = (h ^ word) * kPrime;
    }
    total = (total ^ h) * kPrime;
  }
  return fmt::format("{:016x}", total);
}

}  // namespace fk::core::test
