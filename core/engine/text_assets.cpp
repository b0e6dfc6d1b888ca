// SPDX-License-Identifier: Apache-2.0
#include "core/engine/text_assets.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  if (!in) missing("{}: cannot be read", p.string());
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

Json read_json(const fs::path& p) {
  try {
    return Json::parse(read_text(p));
  } catch (const Json::parse_error& e) {
    bad_input("{}: byte {}: this is no JSON", p.string(), e.byte);
  } catch (const Json::exception& e) {  // a number that no double holds
    bad_input("{}: no JSON that can be read: {}", p.string(), e.what());
  }
}

bool is_gguf(const Assets& a) { return a.file && a.file->format() == "gguf"; }

// The folder of the weights when it is one that HF tools write.
fs::path model_folder(const Assets& a, const Overrides& over) {
  if (!a.file) return {};
  fs::path p = over.weights ? *over.weights : a.config.weights.path;
  return fs::is_directory(p) ? p : fs::absolute(p).parent_path();
}

void add_stop(Assets& a, const Json& id) {
  if (!id.is_number_integer()) return;
  int32_t v = id.get<int32_t>();
  if (std::find(a.stop_ids.begin(), a.stop_ids.end(), v) == a.stop_ids.end())
    a.stop_ids.push_back(v);
}

void load_tokenizer(Assets& a, const Overrides& over, const fs::path& folder) {
  if (over.tokenizer) {
    if (!fs::exists(*over.tokenizer))
      bad_input("--tokenizer {}: no such file or folder", over.tokenizer->string());
    a.tokenizer = Tokenizer::open(*over.tokenizer);
  } else if (a.config.tokenizer && !over.weights) {
    require_file(*a.config.tokenizer, a.config.file, "tokenizer");
    a.tokenizer = Tokenizer::open(a.config.tokenizer->path);
  } else if (is_gguf(a)) {
    if (a.file->metadata().contains("tokenizer.ggml.model")) {
      a.tokenizer = Tokenizer::from_gguf_metadata(a.file->metadata(), a.weights_text);
    }
  } else if (!folder.empty()) {
    for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
      if (fs::exists(folder / name)) {
        a.tokenizer = Tokenizer::open(folder / name);
        break;
      }
    }
  }
  // New weights of the same model often come without a tokenizer; then the config's still fits.
  if (!a.tokenizer && a.config.tokenizer && fs::exists(a.config.tokenizer->path)) {
    a.tokenizer = Tokenizer::open(a.config.tokenizer->path);
  }
}

// tokenizer_config.json writes a token as text or as {content: text}.
std::optional<std::string> token_text(const Json& config, const char* key) {
  if (!config.contains(key)) return {};
  const Json& v = config[key];
  if (v.is_string()) return v.get<std::string>();
  if (v.is_object() && v.contains("content") && v["content"].is_string())
    return v["content"].get<std::string>();
  return {};
}

// A template is text, or a list of {name, template} of which "default" is the one for chats.
std::optional<std::string> template_text(const Json& v) {
  if (v.is_string()) return v.get<std::string>();
  if (!v.is_array()) return {};
  for (const Json& t : v) {
    if (t.is_object() && t.value("name", "") == "default" && t.contains("template"))
      return t["template"].get<std::string>();
  }
  return {};
}

void load_chat_template(Assets& a, const Overrides& over, const fs::path& folder) {
  if (a.config.no_chat_template) return;
  std::optional<std::string> text;
  std::string name = "chat_template";
  Json config = Json::object();
  if (!folder.empty() && !is_gguf(a) && fs::exists(folder / "tokenizer_config.json")) {
    config = read_json(folder / "tokenizer_config.json");
  }
  if (a.config.chat_template && !over.weights) {
    require_file(*a.config.chat_template, a.config.file, "chat_template");
    text = read_text(a.config.chat_template->path);
    name = a.config.chat_template->path.string();
  } else if (is_gguf(a)) {
    const Json& m = a.file->metadata();
    if (m.contains("tokenizer.chat_template")) text = template_text(m["tokenizer.chat_template"]);
    name = a.weights_text + ": tokenizer.chat_template";
  } else if (!folder.empty() && fs::exists(folder / "chat_template.jinja")) {
    text = read_text(folder / "chat_template.jinja");
    name = (folder / "chat_template.jinja").string();
  } else if (config.contains("chat_template")) {
    text = template_text(config["chat_template"]);
    name = (folder / "tokenizer_config.json").string() + ": chat_template";
  }
  if (!text || text->empty()) return;
  a.chat_template = ChatTemplate::parse(*text, name);
  auto token = [&](const char* key, std::optional<int32_t> id) {
    std::optional<std::string> t = token_text(config, key);
    if (!t && id) t = a.tokenizer->token_text(*id);
    a.template_context[key] = t.value_or("");
  };
  token("bos_token", a.tokenizer ? a.tokenizer->bos_id() : std::nullopt);
  token("eos_token", a.tokenizer ? a.tokenizer->eos_id() : std::nullopt);
}

void load_stops(Assets& a, const fs::path& folder) {
  a.stop_ids = a.config.stop_ids;
  if (is_gguf(a)) {
    const Json& m = a.file->metadata();
    for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                            "tokenizer.ggml.eom_token_id"}) {
      if (m.contains(key)) add_stop(a, m[key]);
    }
  } else if (!folder.empty() && fs::exists(folder / "generation_config.json")) {
    Json g = read_json(folder / "generation_config.json");
    if (g.is_object() && g.contains("eos_token_id")) {
      const Json& eos = g["eos_token_id"];
      if (eos.is_array())
        for (const Json& id : eos) add_stop(a, id);
      else
        add_stop(a, eos);
    }
  } else if (a.file && a.file->metadata().contains("config")) {
    const Json& m = a.file->metadata()["config"];
    if (m.contains("eos_token_id")) {
      if (m["eos_token_id"].is_array())
        for (const Json& id : m["eos_token_id"]) add_stop(a, id);
      else
        add_stop(a, m["eos_token_id"]);
    }
  }
  if (a.tokenizer && a.tokenizer->eos_id()) add_stop(a, *a.tokenizer->eos_id());
}

}  // namespace

void load_text_assets(Assets& a, const Overrides& over) {
  fs::path folder = model_folder(a, over);
  load_tokenizer(a, over, folder);
  load_chat_template(a, over, folder);
  load_stops(a, folder);
}

}  // namespace fk::core
