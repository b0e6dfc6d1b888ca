// SPDX-License-Identifier: Apache-2.0
#include "core/engine/config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/dtype.hpp"
#include "core/spec/yaml.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kMany = std::numeric_limits<int32_t>::max();

template <class T>
bool parse_whole(const std::string& s, T& out) {
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
  return error == std::errc() && end == s.data() + s.size();
}

// Scalars as YAML 1.2's core schema reads them; quoted ones are text.
Json to_json(const Yaml& n) {
  if (n.is_null()) return nullptr;
  if (n.is_list()) {
    Json list = Json::array();
    for (const Yaml& i : n.items) list.push_back(to_json(i));
    return list;
  }
  if (n.is_map()) {
    Json map = Json::object();
    for (size_t i = 0; i < n.keys.size(); ++i) map[n.keys[i].text] = to_json(n.items[i]);
    return map;
  }
  int64_t i = 0;
  double d = 0;
  if (n.quoted) return n.text;
  if (n.text == "true" || n.text == "false") return n.text == "true";
  if (parse_whole(n.text, i)) return i;
  if (parse_whole(n.text, d)) return d;
  return n.text;
}

int64_t integer(const Yaml& n, int64_t low, int64_t high) {
  int64_t v = n.as_int("a whole number");
  if (v < low || v > high)
    fail_at(n, "found {}, expected a whole number between {} and {}", v, low, high);
  return v;
}

std::string one_of(const Yaml& n, std::initializer_list<std::string_view> allowed) {
  std::string what = fmt::format("one of {}", fmt::join(allowed, ", "));
  const std::string& s = n.as_text(what);
  if (std::find(allowed.begin(), allowed.end(), s) == allowed.end())
    fail_at(n, "found \"{}\", expected {}", s, what);
  return s;
}

struct Reader {
  fs::path folder, packages;

  fs::path beside(const Yaml& n) const {
    fs::path p = n.as_text("a path");
    if (p.empty()) fail_at(n, "found an empty path");
    return (p.is_relative() ? folder / p : p).lexically_normal();
  }

  FileRef in_package(const Yaml& m) const {
    FileRef ref;
    ref.path = m.at("path", "a file").as_text("a path");
    if (const Yaml* package = m.find("package")) {
      ref.package = package->as_text("the name of a package");
      ref.path = packages / ref.package / ref.path;
    } else {
      ref.path = beside(m.at("path", "a file"));
    }
    return ref;
  }

  FileRef file_or_package(const Yaml& n) const {
    if (!n.is_map()) return {"", beside(n)};
    n.only({"package", "path"}, "a file");
    return in_package(n);
  }

  void weights(const Yaml& m, Config& c) const {
    m.as_map("a mapping with package and path, path, or seed");
    m.only({"package", "path", "seed"}, "weights");
    if (const Yaml* seed = m.find("seed")) {
      if (m.keys.size() > 1) fail_at(m, "found both a seed and a file, expected one of them");
      c.source = Config::Source::kSeeded;
      c.seed = uint64_t(integer(*seed, 0, std::numeric_limits<int64_t>::max()));
    } else {
      c.source = Config::Source::kFile;
      c.weights = in_package(m);
    }
  }

  static void options(const Yaml& m, EngineOptions& o) {
    m.as_map("a mapping");
    m.only({"block_size", "num_blocks", "max_model_len", "max_num_seqs", "max_num_batched_tokens",
            "gpu_memory_utilization", "enforce_eager", "async_scheduling"},
           "options");
    auto read = [&](const char* key, int64_t& to, int64_t high) {
      if (const Yaml* n = m.find(key)) to = integer(*n, 1, high);
    };
    read("block_size", o.block_size, 65536);
    read("num_blocks", o.num_blocks, kMany);
    read("max_model_len", o.max_model_len, kMany);
    read("max_num_seqs", o.max_num_seqs, 65536);
    read("max_num_batched_tokens", o.max_num_batched_tokens, 1 << 20);
    if (const Yaml* n = m.find("async_scheduling"))
      o.async_scheduling = n->as_bool("true or false");
    if (const Yaml* n = m.find("enforce_eager")) o.enforce_eager = n->as_bool("true or false");
    if (const Yaml* n = m.find("gpu_memory_utilization")) {
      o.gpu_memory_utilization = n->as_float("a number above 0 and at most 1");
      if (!(o.gpu_memory_utilization > 0 && o.gpu_memory_utilization <= 1))
        fail_at(*n, "found {}, expected a number above 0 and at most 1", n->text);
    }
  }

  static void stop(const Yaml& n, Config& c) {
    for (const Yaml& item : n.as_list("a list of token ids and strings").items) {
      Json v = to_json(item);
      if (v.is_number_integer())
        c.stop_ids.push_back(int32_t(integer(item, 0, kMany)));
      else if (item.as_text("a token id or a string").empty())
        fail_at(item, "found an empty string, expected a token id or a string");
      else
        c.stop_strings.push_back(item.text);
    }
  }
};

}  // namespace

Config parse_config(const std::string& text, const fs::path& path, const fs::path& packages) {
  YamlFile file = parse_yaml(text, path.string());
  const Yaml& m = file.root;
  Reader r{fs::absolute(path).parent_path(), packages};
  m.as_map("a mapping");
  m.only({"model", "engine", "weights", "names", "dtype", "quant", "init", "tokenizer",
          "chat_template", "stop", "options"},
         "a config");
  Config c;
  c.file = path.string();
  c.model = m.at("model", "a config").as_text("the name of a task");
  if (one_of(m.at("engine", "a config"), {"causal_lm", "encoder"}) == "encoder")
    c.engine = Config::Engine::kEncoder;
  if (const Yaml* n = m.find("weights")) r.weights(*n, c);
  if (const Yaml* n = m.find("names")) {
    if (!n->is_list()) c.names.push_back(r.beside(*n));
    for (const Yaml& item : n->items) c.names.push_back(r.beside(item));
  }
  if (const Yaml* n = m.find("dtype"))
    c.dtype = *parse_dtype(one_of(*n, {"float32", "bfloat16", "float16", "float64"}));
  if (const Yaml* n = m.find("quant")) c.keep_quant = one_of(*n, {"keep", "none"}) == "keep";
  if (const Yaml* n = m.find("init"))
    c.init = to_json(n->as_map("a mapping of the task's init fields"));
  if (const Yaml* n = m.find("tokenizer")) c.tokenizer = r.file_or_package(*n);
  if (const Yaml* n = m.find("chat_template")) {
    if (n->is_scalar() && n->text == "none")
      c.no_chat_template = true;
    else
      c.chat_template = r.file_or_package(*n);
  }
  if (const Yaml* n = m.find("stop")) r.stop(*n, c);
  if (const Yaml* n = m.find("options")) r.options(*n, c.options);
  return c;
}

Config load_config(const fs::path& path, const fs::path& packages) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) {
    std::vector<std::string> there;
    std::error_code ignored;
    for (const auto& e : fs::directory_iterator(fs::absolute(path).parent_path(), ignored)) {
      if (e.path().extension() == ".yaml") there.push_back(e.path().filename().string());
    }
    std::sort(there.begin(), there.end());
    bad_input("{}: no such config{}", path.string(),
              there.empty() ? std::string()
                            : fmt::format("; its folder holds {}", fmt::join(there, ", ")));
  }
  std::stringstream text;
  text << in.rdbuf();
  return parse_config(text.str(), path, packages);
}

}  // namespace fk::core
