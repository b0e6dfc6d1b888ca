// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer.hpp"

#include <fstream>

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core {

std::shared_ptr<const Tokenizer> Tokenizer::open(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (fs::is_directory(path, ec)) {
    for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
      if (fs::exists(path / name, ec)) return open(path / name);
    }
    fs::path found;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() != ".gguf") continue;
      if (!found.empty()) {
        bad_input("{}: holds both {} and {}; name one", path.string(), found.filename().string(),
                  entry.path().filename().string());
      }
      found = entry.path();
    }
    if (found.empty()) {
      missing("{}: holds no tokenizer.json, no tokenizer.model and no .gguf file", path.string());
    }
    return open(found);
  }
  if (!fs::exists(path, ec)) missing("{}: no such file", path.string());
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, 4);
  if (std::string_view(magic, 4) == "GGUF") {
    return from_gguf_metadata(TensorFile::open(path)->metadata(), path.string());
  }
  if (path.extension() == ".json") return from_tokenizer_json(path);
  // tokenizer.model, tokenizer.model.v3, spiece.model
  if (path.filename().string().find(".model") != std::string::npos) return from_sentencepiece(path);
  bad_input("{}: expected tokenizer.json, a GGUF file or a SentencePiece .model", path.string());
}

std::string StreamDecoder::push(int32_t id) {
  if (tokenizer_.is_special(id)) return "";
  held_ += first_ ? tokenizer_.first_token_bytes(id) : tokenizer_.token_bytes(id);
  first_ = false;
  const size_t tail = text::unfinished_tail(held_);
  std::string out = text::to_valid_utf8(std::string_view(held_).substr(0, held_.size() - tail));
  held_.erase(0, held_.size() - tail);
  return out;
}

std::string StreamDecoder::finish() {
  first_ = true;
  return text::to_valid_utf8(std::exchange(held_, {}));
}

}  // namespace fk::core
