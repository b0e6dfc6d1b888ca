// SPDX-License-Identifier: Apache-2.0
#include "core/weights/tensor_file.hpp"

#include <algorithm>
#include <fstream>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/weights/tensor_readers.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class OpenedFile final : public TensorFile {
 public:
  OpenedFile(std::string name, std::string format, ParsedFile parsed,
             std::vector<std::shared_ptr<const MappedFile>> maps)
      : metadata_(std::move(parsed.metadata)), format_(std::move(format)), maps_(std::move(maps)) {
    tensors_ = std::move(parsed.tensors);
    name_ = std::move(name);
  }
  const Json& metadata() const override { return metadata_; }
  std::string format() const override { return format_; }

 private:
  Json metadata_;
  std::string format_;
  std::vector<std::shared_ptr<const MappedFile>> maps_;
};

bool begins(std::span<const uint8_t> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin());
}

std::string format_of(std::span<const uint8_t> bytes, const std::string& name) {
  if (begins(bytes, "GGUF")) return "gguf";
  if (begins(bytes, "FUGG"))
    bad_input("{}: a big-endian GGUF file; convert it to little-endian", name);
  if (begins(bytes, "PK\x03\x04") || begins(bytes, "\x80\x02"))
    bad_input(
        "{}: a pickled PyTorch checkpoint, which can run code when it is read; convert it to "
        "safetensors",
        name);
  if (begins(bytes, "version https://git-lfs"))
    bad_input("{}: a Git LFS pointer, not the weights; fetch them with `git lfs pull`", name);
  const bool named = name.ends_with(".safetensors");
  if (named || bytes.size() < 9 || bytes[8] == '{') return "safetensors";
  bad_input("{}: neither GGUF nor safetensors (begins with {:02x} {:02x} {:02x} {:02x})", name,
            bytes[0], bytes[1], bytes[2], bytes[3]);
}

void add_config(ParsedFile& parsed, const fs::path& folder) {
  const fs::path path = folder / "config.json";
  if (!fs::is_regular_file(path)) return;
  std::ifstream in(path);
  try {
    parsed.metadata["config"] = Json::parse(in);
  } catch (const Json::exception& e) {
    const auto* at = dynamic_cast<const Json::parse_error*>(&e);
    bad_input("{}: not valid JSON at byte {}", path.string(), at ? at->byte : 0);
  }
}

std::shared_ptr<TensorFile> open_file(const fs::path& path, const std::string& name) {
  auto map = MappedFile::open(path);
  const std::string format = format_of(map->bytes(), path.string());
  ParsedFile parsed = format == "gguf" ? parse_gguf(map->bytes(), path.string())
                                       : parse_safetensors(map->bytes(), path.string());
  if (format == "safetensors") add_config(parsed, path.parent_path());
  return std::make_shared<OpenedFile>(
      name, format, std::move(parsed),
      std::vector<std::shared_ptr<const MappedFile>>{std::move(map)});
}

std::shared_ptr<TensorFile> open_index(const fs::path& path, const std::string& name) {
  std::vector<std::shared_ptr<const MappedFile>> maps;
  ParsedFile parsed = parse_shards(path, maps);
  add_config(parsed, path.parent_path());
  return std::make_shared<OpenedFile>(name, "safetensors", std::move(parsed), std::move(maps));
}

std::shared_ptr<TensorFile> open_folder(const fs::path& folder) {
  const std::string name = folder.string();
  if (fs::exists(folder / "model.safetensors"))
    return open_file(folder / "model.safetensors", name);
  if (fs::exists(folder / "model.safetensors.index.json"))
    return open_index(folder / "model.safetensors.index.json", name);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors" || entry.path().extension() == ".gguf")
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return open_file(found[0], name);
  if (found.empty())
    missing(
        "{}: no weights in this folder; expected model.safetensors, model.safetensors.index.json, "
        "or one "
        "*.safetensors or *.gguf",
        name);
  bad_input(
      "{}: {} weight files ({}, {} ...) and no model.safetensors.index.json; name one of them",
      name, found.size(), found[0].filename().string(), found[1].filename().string());
}

}  // namespace

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t n = 1;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (int64_t d : shape)
    if (__builtin_mul_overflow(n, d, &n)) return std::nullopt;
  return n;
}

bool FileTensor::plain() const {
  return ggml_type == kNotGgml || ggml_type <= 1 || (ggml_type >= 24 && ggml_type <= 28) ||
         ggml_type == 30;
}

std::string FileTensor::type_name() const {
  return plain() ? std::string(dtype_name(dtype)) : ggml_type_name(ggml_type);
}

const FileTensor* TensorFile::find(std::string_view name) const {
  auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : &at->second;
}

std::shared_ptr<TensorFile> TensorFile::open(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status)) missing("{}: no such weight file or folder", path.string());
  if (fs::is_directory(status)) return open_folder(path);
  return path.string().ends_with(".index.json") ? open_index(path, path.string())
                                                : open_file(path, path.string());
}

std::shared_ptr<TensorFile> TensorFile::parse(std::span<const uint8_t> bytes,
                                              const std::string& name) {
  const std::string format = format_of(bytes, name);
  ParsedFile parsed = format == "gguf" ? parse_gguf(bytes, name) : parse_safetensors(bytes, name);
  return std::make_shared<OpenedFile>(name, format, std::move(parsed),
                                      std::vector<std::shared_ptr<const MappedFile>>{});
}

}  // namespace fk::core
