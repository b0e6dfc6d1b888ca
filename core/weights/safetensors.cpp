// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/weights/tensor_readers.hpp"

namespace fk::core {
namespace {

using Header = nlohmann::json;
constexpr uint64_t kMaxHeader = 100'000'000;  // the bound of the format's own library

struct DtypeRow {
  std::string_view name, ours;
};
constexpr std::array kDtypes{DtypeRow{"F32", "float32"},
                             DtypeRow{"BF16", "bfloat16"},
                             DtypeRow{"F16", "float16"},
                             DtypeRow{"F64", "float64"},
                             DtypeRow{"I8", "int8"},
                             DtypeRow{"I16", "int16"},
                             DtypeRow{"I32", "int32"},
                             DtypeRow{"I64", "int64"},
                             DtypeRow{"U8", "uint8"},
                             DtypeRow{"U16", "uint16"},
                             DtypeRow{"U32", "uint32"},
                             DtypeRow{"U64", "uint64"},
                             DtypeRow{"BOOL", "bool"},
                             DtypeRow{"F8_E4M3", "float8_e4m3fn"},
                             DtypeRow{"F8_E5M2", "float8_e5m2"},
                             DtypeRow{"F8_E8M0", "float8_e8m0fnu"}};

struct Entry {
  std::string name, dtype;
  uint64_t begin = 0, end = 0;
  FileTensor tensor;
};

// nlohmann keeps the last of two equal keys; a weight file with two tensors of one name is broken.
Header parse_header(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  auto check = [&](int depth, Header::parse_event_t event, Header& value) {
    if (event == Header::parse_event_t::object_start) {
      keys.resize(size_t(depth) + 2);
      keys[size_t(depth) + 1].clear();
    } else if (event == Header::parse_event_t::key && depth >= 1 && depth <= 2) {
      const std::string& key = value.get_ref<const std::string&>();
      if (!keys[size_t(depth)].insert(key).second)
        bad_input("{}: the header has {} \"{}\" twice", file, depth == 1 ? "tensor" : "key", key);
    }
    return true;
  };
  try {
    return Header::parse(text.begin(), text.end(), check);
  } catch (const Header::parse_error& e) {
    bad_input("{}: the header is not valid JSON at byte {} of the file", file, 7 + e.byte);
  } catch (const Header::exception&) {
    bad_input("{}: the header holds a number that is out of range", file);
  }
}

uint64_t unsigned_of(const Header& v, const std::string& file, const std::string& tensor,
                     const char* what) {
  if (!v.is_number_unsigned() || v.get<uint64_t>() > uint64_t(INT64_MAX))
    bad_input("{}: tensor \"{}\": {} must be a whole number from 0, found {}", file, tensor, what,
              v.dump(-1, ' ', false, Header::error_handler_t::replace).substr(0, 40));
  return v.get<uint64_t>();
}

Entry parse_entry(const std::string& name, const Header& v, const std::string& file) {
  if (!v.is_object())
    bad_input("{}: tensor \"{}\": expected an object with dtype, shape, data_offsets", file, name);
  for (const auto& [key, unused] : v.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      bad_input("{}: tensor \"{}\": unknown key \"{}\"; expected dtype, shape, data_offsets", file,
                name, key);
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!v.contains(key)) bad_input("{}: tensor \"{}\": has no {}", file, name, key);
  Entry e{.name = name};
  const Header &dtype = v["dtype"], &shape = v["shape"], &offsets = v["data_offsets"];
  if (!dtype.is_string()) bad_input("{}: tensor \"{}\": dtype must be a string", file, name);
  e.dtype = dtype.get<std::string>();
  auto known = std::find_if(kDtypes.begin(), kDtypes.end(),
                            [&](const DtypeRow& r) { return r.name == e.dtype; });
  if (known == kDtypes.end()) {
    std::vector<std::string> names;
    for (const DtypeRow& r : kDtypes) names.emplace_back(r.name);
    bad_input("{}: tensor \"{}\": unknown dtype \"{}\"{}; known: {}", file, name, e.dtype,
              did_you_mean(e.dtype, names), fmt::join(names, " "));
  }
  if (!shape.is_array()) bad_input("{}: tensor \"{}\": shape must be an array", file, name);
  FileTensor& t = e.tensor;
  for (const Header& d : shape)
    t.shape.push_back(int64_t(unsigned_of(d, file, name, "a dimension")));
  if (!offsets.is_array() || offsets.size() != 2)
    bad_input("{}: tensor \"{}\": data_offsets must be [begin, end]", file, name);
  e.begin = unsigned_of(offsets[0], file, name, "data_offsets[0]");
  e.end = unsigned_of(offsets[1], file, name, "data_offsets[1]");
  t.name = name;
  t.file = file;
  t.dtype = *parse_dtype(known->ours);
  t.ggml_type = e.dtype == "F32"    ? uint32_t(GgmlType::kF32)
                : e.dtype == "F16"  ? uint32_t(GgmlType::kF16)
                : e.dtype == "BF16" ? uint32_t(GgmlType::kBF16)
                                    : FileTensor::kNotGgml;
  return e;
}

void check_entry(Entry& e, size_t data_begin, std::span<const uint8_t> data,
                 const std::string& file) {
  if (e.begin > e.end)
    bad_input("{}: tensor \"{}\": data_offsets [{}, {}] run backwards", file, e.name, e.begin,
              e.end);
  if (e.end > data.size())
    bad_input(
        "{}: tensor \"{}\": data_offsets [{}, {}] end past the {} bytes of data; the file is "
        "truncated, download it again",
        file, e.name, e.begin, e.end, data.size());
  const size_t size = dtype_bytes(e.tensor.dtype);
  const std::optional<int64_t> count = element_count(e.tensor.shape);
  int64_t bytes;
  if (!count || __builtin_mul_overflow(*count, int64_t(size), &bytes))
    bad_input("{}: tensor \"{}\": shape {} overflows 64 bits", file, e.name,
              shape_text(e.tensor.shape));
  if (uint64_t(bytes) != e.end - e.begin)
    bad_input("{}: tensor \"{}\": shape {} of {} takes {} bytes, data_offsets [{}, {}] hold {}",
              file, e.name, shape_text(e.tensor.shape), e.dtype, bytes, e.begin, e.end,
              e.end - e.begin);
  if (bytes > 0 && (data_begin + e.begin) % size != 0)
    bad_input(
        "{}: tensor \"{}\": data_offsets [{}, {}] begin at byte {} of the file, no multiple of {} "
        "({}); "
        "write the file again with a current safetensors library",
        file, e.name, e.begin, e.end, data_begin + e.begin, size, e.dtype);
  e.tensor.data = data.data() + e.begin;
  e.tensor.bytes = size_t(bytes);
}

// The format allows neither overlaps nor holes: a hole could hide data, an overlap is a broken
// writer.
void check_layout(std::vector<Entry>& entries, size_t data_size, const std::string& file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t at = 0;
  const Entry* before = nullptr;
  for (const Entry& e : entries) {
    if (e.begin < at)
      bad_input("{}: tensors \"{}\" [{}, {}] and \"{}\" [{}, {}] overlap", file, before->name,
                before->begin, before->end, e.name, e.begin, e.end);
    if (e.begin > at)
      bad_input("{}: bytes [{}, {}] of the data, before tensor \"{}\", belong to no tensor", file,
                at, e.begin, e.name);
    at = e.end;
    before = &e;
  }
  if (at != data_size)
    bad_input("{}: bytes [{}, {}] at the end of the data belong to no tensor", file, at, data_size);
}

}  // namespace

ParsedFile parse_safetensors(std::span<const uint8_t> bytes, const std::string& file) {
  if (bytes.size() < 8)
    bad_input(
        "{}: {} bytes are too few for a safetensors file, which begins with the 8 bytes of its "
        "header's length",
        file, bytes.size());
  uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  if (length > kMaxHeader)
    bad_input("{}: header length {} is over the limit of {} bytes", file, length, kMaxHeader);
  if (length > bytes.size() - 8)
    bad_input(
        "{}: header length {} is more than the {} bytes that follow; the file is truncated, "
        "download it again",
        file, length, bytes.size() - 8);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  const Header header = parse_header(text, file);
  if (!header.is_object()) bad_input("{}: the header is not a JSON object", file);
  const size_t data_begin = 8 + length;
  const auto data = bytes.subspan(data_begin);

  ParsedFile result;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) bad_input("{}: __metadata__ must be an object of strings", file);
      for (const auto& [key, text_value] : value.items()) {
        if (!text_value.is_string())
          bad_input("{}: __metadata__ \"{}\" must be a string", file, key);
        result.metadata[key] = text_value.get<std::string>();
      }
      continue;
    }
    entries.push_back(parse_entry(name, value, file));
    check_entry(entries.back(), data_begin, data, file);
  }
  check_layout(entries, data.size(), file);
  for (Entry& e : entries) result.tensors.emplace(e.name, std::move(e.tensor));
  return result;
}

ParsedFile parse_shards(const std::filesystem::path& index,
                        std::vector<std::shared_ptr<const MappedFile>>& maps) {
  const std::string file = index.string();
  const auto index_map = MappedFile::open(index);
  const auto text = index_map->bytes();
  const Header json = parse_header({reinterpret_cast<const char*>(text.data()), text.size()}, file);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    bad_input("{}: expected an object with \"weight_map\": {{tensor: file}}", file);
  std::map<std::string, std::vector<std::string>> shards;  // file -> its tensors
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    // A shard lies beside its index: an index must not reach other files of the machine.
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos ||
        name.find('\0') != name.npos)
      bad_input("{}: tensor \"{}\": the shard must be the name of a file in the same folder", file,
                tensor);
    shards[name].push_back(tensor);
  }
  ParsedFile all;
  for (const auto& [name, tensors] : shards) {
    const std::filesystem::path path = index.parent_path() / name;
    std::error_code ignored;  // what else is wrong with it, opening it says
    if (std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found)
      missing("{}: shard {} of {} tensors (\"{}\" ...) is missing; download it into that folder",
              file, name, tensors.size(), tensors.front());
    maps.push_back(MappedFile::open(path));
    ParsedFile shard = parse_safetensors(maps.back()->bytes(), path.string());
    for (const std::string& t : tensors)
      if (!shard.tensors.contains(t))
        bad_input("{}: tensor \"{}\" is not in its shard {}{}", file, t, name, [&] {
          std::vector<std::string> names;
          for (const auto& [n, unused] : shard.tensors) names.push_back(n);
          return did_you_mean(t, names);
        }());
    for (auto& [tensor_name, tensor] : shard.tensors) {
      auto [at, added] = all.tensors.emplace(tensor_name, std::move(tensor));
      if (!added)
        bad_input("{}: tensor \"{}\" is in two shards, {} and {}", file, tensor_name,
                  at->second.file, path.string());
    }
    for (auto& [key, value] : shard.metadata.items()) all.metadata[key] = value;
  }
  return all;
}

}  // namespace fk::core
