// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <set>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/weights/tensor_readers.hpp"

namespace fk::core {
namespace {

using Json = nlohmann::ordered_json;
enum ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};
constexpr uint32_t kMaxRank = 8;
constexpr int kMaxArrayDepth = 4;
constexpr uint64_t kMaxAlignment = 1 << 20;

// Reads little-endian values in order; every length is compared with what is left before it is
// believed.
class Cursor {
 public:
  Cursor(std::span<const uint8_t> bytes, const std::string& file) : bytes_(bytes), file_(file) {}
  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  const std::string& file() const { return file_; }

  void need(uint64_t bytes, std::string_view what) const {
    if (bytes > left())
      bad_input("{}: truncated at byte {}: {} needs {} bytes, {} are left", file_, at_, what, bytes,
                left());
  }
  // A count of things that take at least `each` bytes apiece.
  uint64_t count(uint64_t each, std::string_view what) {
    const size_t from = at_;
    const auto n = get<uint64_t>(what);
    if (n > left() / each)
      bad_input("{}: {} at byte {} says {}, but the {} bytes that follow hold {} at most", file_,
                what, from, n, left(), left() / each);
    return n;
  }
  template <class T>
  T get(std::string_view what) {
    need(sizeof(T), what);
    T v;
    std::memcpy(&v, &bytes_[at_], sizeof(T));
    at_ += sizeof(T);
    return v;
  }
  std::string string(std::string_view what) {
    const uint64_t n = count(1, what);
    std::string s(reinterpret_cast<const char*>(bytes_.data()) + at_, n);
    at_ += n;
    return s;
  }

 private:
  std::span<const uint8_t> bytes_;
  const std::string& file_;
  size_t at_ = 0;
};

size_t smallest_size(uint32_t type) {
  switch (type) {
    case kU8:
    case kI8:
    case kBool: return 1;
    case kU16:
    case kI16: return 2;
    case kU32:
    case kI32:
    case kF32: return 4;
    case kArray: return 12;
    default: return 8;  // a string's length, and the 64-bit types
  }
}

Json value(Cursor& in, uint32_t type, const std::string& key, int depth = 0) {
  switch (type) {
    case kU8: return in.get<uint8_t>(key);
    case kI8: return in.get<int8_t>(key);
    case kU16: return in.get<uint16_t>(key);
    case kI16: return in.get<int16_t>(key);
    case kU32: return in.get<uint32_t>(key);
    case kI32: return in.get<int32_t>(key);
    case kF32: return double(in.get<float>(key));
    case kBool: {
      const uint8_t b = in.get<uint8_t>(key);
      if (b > 1) bad_input("{}: key \"{}\": a bool must be 0 or 1, found {}", in.file(), key, b);
      return b == 1;
    }
    case kString: return in.string(key);
    case kU64: return in.get<uint64_t>(key);
    case kI64: return in.get<int64_t>(key);
    case kF64: return in.get<double>(key);
    case kArray: {
      if (depth == kMaxArrayDepth)
        bad_input("{}: key \"{}\": arrays nested deeper than {}", in.file(), key, kMaxArrayDepth);
      const auto element = in.get<uint32_t>(key);
      if (element > kF64)
        bad_input("{}: key \"{}\": unknown value type {} (0 to 12 are known)", in.file(), key,
                  element);
      const uint64_t n =
          in.count(smallest_size(element), fmt::format("the array of key \"{}\"", key));
      Json::array_t items;
      items.reserve(n);
      for (uint64_t i = 0; i < n; ++i) items.push_back(value(in, element, key, depth + 1));
      return Json(std::move(items));
    }
    default:
      bad_input("{}: key \"{}\": unknown value type {} (0 to 12 are known)", in.file(), key, type);
  }
}

struct Info {
  FileTensor tensor;
  uint64_t offset = 0;
  bool known = false;  // the size follows from type and shape
};

fk_dtype dtype_of(uint32_t type) {
  switch (type) {
    case 0: return {FK_FLOAT, 32, 1};
    case 1: return {FK_FLOAT, 16, 1};
    case 24: return {FK_INT, 8, 1};
    case 25: return {FK_INT, 16, 1};
    case 26: return {FK_INT, 32, 1};
    case 27: return {FK_INT, 64, 1};
    case 28: return {FK_FLOAT, 64, 1};
    case 30: return {FK_BFLOAT, 16, 1};
    default: return {FK_UINT, 8, 1};
  }
}

Info tensor_info(Cursor& in, uint64_t index) {
  Info info;
  FileTensor& t = info.tensor;
  const std::string& file = in.file();
  t.name = in.string(fmt::format("the name of tensor {}", index));
  t.file = file;
  const std::string what = fmt::format("tensor \"{}\"", t.name);
  const auto rank = in.get<uint32_t>(what);
  if (rank > kMaxRank)
    bad_input("{}: {}: {} dimensions are more than the {} of the format", file, what, rank,
              kMaxRank);
  for (uint32_t i = 0; i < rank; ++i) {
    const auto d = in.get<uint64_t>(what);
    if (d > uint64_t(INT64_MAX)) bad_input("{}: {}: dimension {} is out of range", file, what, d);
    t.shape.insert(t.shape.begin(), int64_t(d));  // the file has the fastest first
  }
  t.ggml_type = in.get<uint32_t>(what);
  info.offset = in.get<uint64_t>(what);
  t.dtype = dtype_of(t.ggml_type);
  const std::optional<int64_t> count = element_count(t.shape);
  if (!count) bad_input("{}: {}: shape {} overflows 64 bits", file, what, shape_text(t.shape));
  if (const std::optional<BlockInfo> block = ggml_block_size(t.ggml_type)) {
    const int64_t row = t.shape.empty() ? 1 : t.shape.back();
    if (row % block->elements != 0)
      bad_input("{}: {}: rows of {} elements are not whole blocks of {} ({})", file, what, row,
                block->elements, ggml_type_name(t.ggml_type));
    int64_t bytes;
    if (__builtin_mul_overflow(*count / block->elements, block->bytes, &bytes))
      bad_input("{}: {}: shape {} overflows 64 bits", file, what, shape_text(t.shape));
    t.bytes = size_t(bytes);
    info.known = true;
  }
  return info;
}

uint64_t alignment_of(const Json& metadata, const std::string& file) {
  const auto at = metadata.find("general.alignment");
  if (at == metadata.end()) return 32;
  const uint64_t a = at->is_number_unsigned() ? at->get<uint64_t>() : 0;
  if (a < 8 || a > kMaxAlignment || (a & (a - 1)) != 0)
    bad_input("{}: general.alignment must be a power of two from 8 to {}, found {}", file,
              kMaxAlignment,
              at->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 40));
  return a;
}

// Tensors follow one another, each padded to the alignment: neither overlaps nor holes.
void place(std::vector<Info>& infos, std::span<const uint8_t> data, uint64_t alignment,
           const std::string& file) {
  std::stable_sort(infos.begin(), infos.end(),
                   [](const Info& a, const Info& b) { return a.offset < b.offset; });
  uint64_t end = 0;
  for (size_t i = 0; i < infos.size(); ++i) {
    FileTensor& t = infos[i].tensor;
    const uint64_t begin = infos[i].offset;
    if (begin % alignment != 0)
      bad_input("{}: tensor \"{}\": offset {} is no multiple of the alignment {}", file, t.name,
                begin, alignment);
    if (begin > data.size() || (infos[i].known && t.bytes > data.size() - begin))
      bad_input(
          "{}: tensor \"{}\": bytes [{}, {}] end past the {} bytes of data; the file is truncated, "
          "download it again",
          file, t.name, begin, infos[i].known ? fmt::to_string(begin + t.bytes) : "?", data.size());
    if (begin < end)
      bad_input("{}: tensors \"{}\" [{}, {}] and \"{}\" at {} overlap", file,
                infos[i - 1].tensor.name, infos[i - 1].offset,
                infos[i - 1].offset + infos[i - 1].tensor.bytes, t.name, begin);
    const uint64_t padded = (end + alignment - 1) / alignment * alignment;
    if (begin > padded)
      bad_input("{}: bytes [{}, {}] of the data, before tensor \"{}\", belong to no tensor", file,
                padded, begin, t.name);
    if (!infos[i].known)
      t.bytes = (i + 1 < infos.size() ? std::min<uint64_t>(infos[i + 1].offset, data.size())
                                      : data.size()) -
                begin;
    end = begin + t.bytes;
    t.data = data.data() + begin;
  }
  if (data.size() >= end + alignment)
    bad_input("{}: bytes [{}, {}] at the end of the data belong to no tensor", file, end,
              data.size());
}

}  // namespace

ParsedFile parse_gguf(std::span<const uint8_t> bytes, const std::string& file) {
  Cursor in(bytes, file);
  if (in.get<uint32_t>("the magic") != 0x46554747)
    bad_input("{}: the file does not begin with GGUF", file);
  const auto version = in.get<uint32_t>("the version");
  if (version == 0x03000000)
    bad_input("{}: a big-endian GGUF file; convert it to little-endian", file);
  if (version != 3)
    bad_input("{}: GGUF version {}, only 3 is read; convert the file with a current gguf", file,
              version);
  const auto tensor_count = in.count(24, "the number of tensors");
  const auto key_count = in.count(13, "the number of keys");

  ParsedFile result;
  std::set<std::string> seen;  // ordered_json looks keys up one by one
  Json::object_t metadata;
  for (uint64_t i = 0; i < key_count; ++i) {
    std::string key = in.string(fmt::format("the name of key {}", i));
    const auto type = in.get<uint32_t>(key);
    if (!seen.insert(key).second) bad_input("{}: key \"{}\" is there twice", file, key);
    Json v = value(in, type, key);
    metadata.Container::emplace_back(std::move(key), std::move(v));
  }
  result.metadata = Json(std::move(metadata));
  const uint64_t alignment = alignment_of(result.metadata, file);

  std::vector<Info> infos;
  infos.reserve(tensor_count);
  seen.clear();
  for (uint64_t i = 0; i < tensor_count; ++i) {
    infos.push_back(tensor_info(in, i));
    if (!seen.insert(infos.back().tensor.name).second)
      bad_input("{}: tensor \"{}\" is there twice", file, infos.back().tensor.name);
  }
  const uint64_t data_begin = (in.at() + alignment - 1) / alignment * alignment;
  if (data_begin > bytes.size() && !infos.empty())
    bad_input("{}: truncated at byte {}: the tensors begin at byte {}", file, bytes.size(),
              data_begin);
  const auto data =
      data_begin < bytes.size() ? bytes.subspan(data_begin) : std::span<const uint8_t>{};
  place(infos, data, alignment, file);
  for (Info& info : infos) {
    std::string name = info.tensor.name;
    result.tensors.emplace(std::move(name), std::move(info.tensor));
  }
  return result;
}

}  // namespace fk::core
