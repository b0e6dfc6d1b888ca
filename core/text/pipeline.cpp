// SPDX-License-Identifier: Apache-2.0
#include "core/text/pipeline.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {

struct Pipeline::Scratch {
  PieceCache cache;
  std::vector<AddedTokens::Cut> raw_cuts, normal_cuts;
  std::string normal;
};

Pipeline::Pipeline(PipelineParts parts) : parts_(std::move(parts)) {}
Pipeline::~Pipeline() = default;

// Lends scratch space to one call; what the cache learned stays for the next.
class Pipeline::Lease {
 public:
  explicit Lease(const Pipeline& owner) : owner_(owner) {
    const std::lock_guard lock(owner.mutex_);
    if (!owner.idle_.empty()) {
      scratch_ = std::move(owner.idle_.back());
      owner.idle_.pop_back();
    }
    if (!scratch_) scratch_ = std::make_unique<Scratch>();
  }
  ~Lease() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.idle_.push_back(std::move(scratch_));
  }
  Lease(const Lease&) = delete;
  Scratch& operator*() { return *scratch_; }

 private:
  const Pipeline& owner_;
  std::unique_ptr<Scratch> scratch_;
};

class Pipeline::ModelSink final : public PieceSink {
 public:
  ModelSink(const Model& model, PieceCache& cache, std::vector<int32_t>& out)
      : model_(model), cache_(cache), out_(out) {}
  void take(Piece piece) override {
    if (cache_.find(piece.text, out_)) return;
    const size_t before = out_.size();
    model_.encode(piece.text, out_);
    cache_.keep(piece.text, out_.data() + before, out_.size() - before);
  }

 private:
  const Model& model_;
  PieceCache& cache_;
  std::vector<int32_t>& out_;
};

std::vector<int32_t> Pipeline::encode(std::string_view text, const EncodeOptions& options) const {
  std::string repaired;
  if (valid_prefix(text) != text.size()) text = repaired = to_valid_utf8(text);
  std::vector<int32_t> out;
  out.reserve(text.size() / 3 + 8);
  if (options.add_special) out = parts_.frame.before;
  Lease lease(*this);
  Scratch& scratch = *lease;
  scratch.raw_cuts.clear();
  parts_.added.cut(text, false, options.parse_special, scratch.raw_cuts);
  for (const auto& cut : scratch.raw_cuts) {
    if (cut.id >= 0) {
      out.push_back(cut.id);
    } else {
      encode_stretch(text.substr(cut.begin, cut.end - cut.begin), cut.begin == 0,
                     options.parse_special, scratch, out);
    }
  }
  if (options.add_special) {
    out.insert(out.end(), parts_.frame.after.begin(), parts_.frame.after.end());
  }
  return out;
}

void Pipeline::encode_stretch(std::string_view text, bool at_start, bool parse_special,
                              Scratch& scratch, std::vector<int32_t>& out) const {
  if (parts_.normalizer) {
    scratch.normal.assign(text);
    parts_.normalizer->apply(scratch.normal);
    text = scratch.normal;
  }
  ModelSink sink(*parts_.model, scratch.cache, out);
  if (!parts_.added.any(true)) return parts_.pre_tokenizers.run({text, at_start}, sink);
  scratch.normal_cuts.clear();
  parts_.added.cut(text, true, parse_special, scratch.normal_cuts);
  for (const auto& cut : scratch.normal_cuts) {
    if (cut.id >= 0) {
      out.push_back(cut.id);
    } else {
      parts_.pre_tokenizers.run(
          {text.substr(cut.begin, cut.end - cut.begin), at_start && cut.begin == 0}, sink);
    }
  }
}

bool Pipeline::is_special(int32_t id) const {
  if (const AddedToken* t = parts_.added.find(id)) return t->special;
  return !parts_.model->vocabulary().text(id);
}

std::optional<std::string> Pipeline::text_to_decode(int32_t id, bool keep_special) const {
  if (const AddedToken* t = parts_.added.find(id)) {
    if (t->special && !keep_special) return std::nullopt;
    return t->normal;
  }
  const auto text = parts_.model->vocabulary().text(id);
  if (!text) return std::nullopt;
  return std::string(*text);
}

std::string Pipeline::token_bytes(int32_t id, bool keep_special) const {
  auto text = text_to_decode(id, keep_special);
  if (!text) return "";
  parts_.decoder->one(*text, false);
  return *text;
}

std::string Pipeline::first_token_bytes(int32_t id, bool keep_special) const {
  auto text = text_to_decode(id, keep_special);
  if (!text) return "";
  parts_.decoder->one(*text, true);
  return *text;
}

std::string Pipeline::decode(const std::vector<int32_t>& ids, bool keep_special) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (int32_t id : ids) {
    if (auto text = text_to_decode(id, keep_special)) tokens.push_back(std::move(*text));
  }
  if (tokens.empty()) return "";
  parts_.decoder->all(tokens);
  std::string out;
  for (const std::string& t : tokens) out += t;
  return out;
}

std::optional<int32_t> Pipeline::token_id(std::string_view token) const {
  if (const AddedToken* t = parts_.added.find(token)) return t->id;
  const int32_t id = parts_.model->vocabulary().find(token);
  if (id < 0) return std::nullopt;
  return id;
}

std::string Pipeline::token_text(int32_t id) const {
  if (const AddedToken* t = parts_.added.find(id)) return t->content;
  if (const auto text = parts_.model->vocabulary().text(id)) return std::string(*text);
  bad_input("{}: no token has the id {}; ids go from 0 to {}", parts_.file, id,
            static_cast<int64_t>(vocab_size()) - 1);
}

size_t Pipeline::vocab_size() const {
  return static_cast<size_t>(std::max(parts_.model->vocabulary().max_id(), parts_.added.max_id()) +
                             1);
}

}  // namespace fk::core::text
