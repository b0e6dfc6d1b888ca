// SPDX-License-Identifier: Apache-2.0
// A task file, a struct file, or after '=' an expression: anything may be refused, nothing may
// crash or hang.
#include "core/spec/registry.hpp"

namespace {

using fk::core::Error;
using fk::core::Registry;

const std::pair<std::string, std::string> kShared[] = {
    {"structs/quant.yaml", "enum: quant\nrevision: 1\nvalues: [none, q4_0, q4_1, q8_0]\n"},
    {"structs/rope_type.yaml", "enum: rope_type\nrevision: 1\nvalues: [default, linear, llama3]\n"},
    {"structs/batch_step.yaml",
     "struct: batch_step\nrevision: 1\nfields:\n  num_seqs: {type: int}\n"
     "  seq_lens: {type: tensor, dtype: int32, shape: [num_seqs]}\n"}};

// What stands behind "task: " or "struct: ": the file has to be called like that.
std::string name_in(const std::string& text, const std::string& key) {
  size_t at = text.find(key);
  if (at == text.npos) return "";
  at += key.size();
  size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", at);
  return text.substr(at, end == text.npos ? end : end - at);
}

std::optional<fk::core::Value> value_of(std::string_view name) {
  if (name == "quant") return std::string("q8_0");
  if (name == "list") return std::vector<int64_t>{1, 2, 3};
  if (name == "none") return std::nullopt;
  return int64_t(name.size() * 1000);
}

void use(const Registry& registry) {
  for (const auto& [name, task] : registry.tasks()) {
    for (const auto& [label, body] : task.cases.items()) {
      if (!body.contains("init")) continue;
      const auto init = fk::core::InitValue::from_json(registry, task, body["init"]);
      const auto copy = init.pending_instances().empty()
                            ? fk::core::InitValue::from_struct(registry, task, init.data())
                            : init;
      if (copy.to_json() != init.to_json()) __builtin_trap();
    }
    if (task.bytes) task.bytes->eval(value_of);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    if (text.starts_with("=")) {
      fk::core::Expr::parse(std::string_view(text).substr(1)).eval(value_of);
      return 0;
    }
    std::vector<std::pair<std::string, std::string>> files;
    const std::string name = name_in(text, "struct: ");
    for (const auto& shared : kShared)
      if (shared.first != "structs/" + name + ".yaml") files.push_back(shared);
    if (name.empty())
      files.emplace_back("tasks/" + name_in(text, "task: ") + ".yaml", text);
    else
      files.emplace_back("structs/" + name + ".yaml", text);
    use(Registry::parse(files));
  } catch (const Error&) {}
  return 0;
}
