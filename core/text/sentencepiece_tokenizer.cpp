// SPDX-License-Identifier: Apache-2.0
#include <sentencepiece_processor.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/text/added_tokens.hpp"
#include "core/text/decoder.hpp"
#include "core/text/json_node.hpp"
#include "core/text/post_processor.hpp"
#include "core/text/tokenizer.hpp"
#include "core/text/unicode.hpp"

namespace fk::core {

using namespace text;

namespace {

// SentencePiece's own library, with control tokens cut out of the text as the other readers do.
// Each stretch between them is a text of its own to the library, so it gets its own leading mark.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::filesystem::path& path) : file_(path.string()) {
    const std::string bytes = read_file(file_);
    if (const auto status = library_.LoadFromSerializedProto(bytes);
        !status.ok() || library_.GetPieceSize() == 0) {
      bad_input("{}: not a SentencePiece model ({} bytes); is the file complete?", file_,
                bytes.size());
    }
    Vocabulary none;
    for (int id = 0; id < library_.GetPieceSize(); ++id) {
      if (!library_.IsControl(id)) continue;
      AddedToken t;
      t.id = id;
      t.content = library_.IdToPiece(id);
      t.special = true;
      added_.add(std::move(t), none, nullptr);
    }
    added_.finish();
    strips_ = library_.DecodeIds(std::vector<int>(2, ordinary("\xE2\x96\x81"))) == " ";
    decoder_ = sentencepiece_decoder(strips_);
    read_frame(path.parent_path() / "tokenizer_config.json");
  }

  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options) const override {
    std::string repaired;
    if (valid_prefix(text) != text.size()) text = repaired = to_valid_utf8(text);
    std::vector<int32_t> out;
    if (options.add_special) out = frame_.before;
    std::vector<AddedTokens::Cut> cuts;
    added_.cut(text, false, options.parse_special, cuts);
    std::vector<int> ids;
    for (const auto& cut : cuts) {
      if (cut.id >= 0) {
        out.push_back(cut.id);
        continue;
      }
      const auto stretch = text.substr(cut.begin, cut.end - cut.begin);
      const auto status = library_.Encode({stretch.data(), stretch.size()}, &ids);
      if (!status.ok()) bad_input("{}: {}", file_, status.ToString());
      out.insert(out.end(), ids.begin(), ids.end());
    }
    if (options.add_special) out.insert(out.end(), frame_.after.begin(), frame_.after.end());
    return out;
  }

  std::string token_bytes(int32_t id, bool keep_special) const override {
    return bytes(id, keep_special, false);
  }
  std::string first_token_bytes(int32_t id, bool keep_special) const override {
    return bytes(id, keep_special, true);
  }

  std::string decode(const std::vector<int32_t>& ids, bool keep_special) const override {
    std::vector<std::string> pieces;
    for (int32_t id : ids) {
      if (!known(id) || (library_.IsControl(id) && !keep_special)) continue;
      pieces.push_back(surface(id));
    }
    if (pieces.empty()) return "";
    decoder_->all(pieces);
    return pieces[0];
  }

  bool is_special(int32_t id) const override { return !known(id) || library_.IsControl(id); }
  std::optional<int32_t> token_id(std::string_view token) const override {
    const int id = library_.PieceToId({token.data(), token.size()});
    if (!known(id) || library_.IdToPiece(id) != token) return std::nullopt;
    return id;
  }
  std::string token_text(int32_t id) const override {
    if (known(id)) return library_.IdToPiece(id);
    bad_input("{}: no token has the id {}; ids go from 0 to {}", file_, id,
              library_.GetPieceSize() - 1);
  }
  size_t vocab_size() const override { return static_cast<size_t>(library_.GetPieceSize()); }
  std::optional<int32_t> bos_id() const override { return role(library_.bos_id()); }
  std::optional<int32_t> eos_id() const override { return role(library_.eos_id()); }

 private:
  static std::optional<int32_t> role(int id) {
    return id < 0 ? std::nullopt : std::optional<int32_t>(id);
  }
  bool known(int32_t id) const { return id >= 0 && id < library_.GetPieceSize(); }
  int ordinary(const char* piece) const { return library_.PieceToId(piece); }
  // An unknown decodes to the library's mark for it.
  std::string surface(int32_t id) const {
    return library_.IsUnknown(id) ? " \xE2\x81\x87 " : library_.IdToPiece(id);
  }
  std::string bytes(int32_t id, bool keep_special, bool first) const {
    if (!known(id) || (library_.IsControl(id) && !keep_special)) return "";
    std::string text = surface(id);
    decoder_->one(text, first);
    return text;
  }
  void read_frame(const std::filesystem::path& config) {
    bool bos = bos_id().has_value(), eos = !bos && eos_id().has_value();
    if (std::filesystem::exists(config)) {
      const nlohmann::json json = read_json(config.string());
      const JsonNode root(json, config.string());
      bos = root.boolean("add_bos_token", bos);
      eos = root.boolean("add_eos_token", eos);
    }
    if (bos && bos_id()) frame_.before.push_back(*bos_id());
    if (eos && eos_id()) frame_.after.push_back(*eos_id());
  }

  std::string file_;
  sentencepiece::SentencePieceProcessor library_;
  AddedTokens added_;
  std::unique_ptr<Decoder> decoder_;
  Frame frame_;
  bool strips_ = true;
};

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_sentencepiece(const std::filesystem::path& path) {
  return std::make_shared<SentencePieceTokenizer>(path);
}

}  // namespace fk::core
