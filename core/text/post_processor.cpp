// SPDX-License-Identifier: Apache-2.0
#include "core/text/post_processor.hpp"

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"
#include "core/text/vocabulary.hpp"

namespace fk::core::text {
namespace {

int32_t read_id(const JsonNode& node) {
  const int64_t id = node.integer();
  if (id < 0 || id > Vocabulary::kMaxId) {
    node.fail(fmt::format("expected an id of 0 to {}, found {}", Vocabulary::kMaxId, id));
  }
  return static_cast<int32_t>(id);
}

// ["[SEP]", 102]
int32_t read_pair(const JsonNode& node) {
  const auto items = node.items();
  if (items.size() != 2) node.fail("expected [token, id]");
  items[0].str();
  return read_id(items[1]);
}

void wrap(Frame& frame, std::vector<int32_t> before, const std::vector<int32_t>& after) {
  before.insert(before.end(), frame.before.begin(), frame.before.end());
  frame.before = std::move(before);
  frame.after.insert(frame.after.end(), after.begin(), after.end());
}

void read_template(const JsonNode& node, Frame& frame) {
  node.only({"type", "single", "pair", "special_tokens"});
  std::vector<int32_t> parts[2];
  bool seen = false;
  for (const JsonNode& piece : node.at("single").items()) {
    piece.only({"SpecialToken", "Sequence"});
    if (const auto sequence = piece.find("Sequence")) {
      if (sequence->at("id").str() != "A" || seen)
        sequence->fail("a single text has one sequence, A");
      seen = true;
      continue;
    }
    const std::string name = piece.at("SpecialToken").at("id").str();
    const auto tokens = node.at("special_tokens");
    const auto token = tokens.find(name.c_str());
    if (!token)
      tokens.fail(fmt::format("the template uses '{}', which is not listed", to_valid_utf8(name)));
    for (const JsonNode& id : token->at("ids").items()) parts[seen].push_back(read_id(id));
  }
  if (!seen) node.at("single").fail("the sequence A is missing");
  wrap(frame, std::move(parts[0]), parts[1]);
}

void read(const JsonNode& node, Frame& frame, int depth) {
  const std::string type = node.at("type").str();
  if (type == "TemplateProcessing") {
    read_template(node, frame);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    node.only({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    wrap(frame, {read_pair(node.at("cls"))}, {read_pair(node.at("sep"))});
  } else if (type == "ByteLevel") {  // moves offsets only
    node.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  } else if (type == "Sequence") {
    node.only({"type", "processors"});
    if (depth > 8) node.fail("more than 8 sequences inside each other");
    for (const JsonNode& n : node.at("processors").items()) read(n, frame, depth + 1);
  } else {
    node.fail(fmt::format(
        "post-processor '{}' is not supported; supported are BertProcessing, ByteLevel, "
        "RobertaProcessing, Sequence, TemplateProcessing",
        to_valid_utf8(type)));
  }
}

}  // namespace

Frame read_post_processor(const JsonNode* node) {
  Frame frame;
  if (node && !node->is_null()) read(*node, frame, 0);
  return frame;
}

}  // namespace fk::core::text
