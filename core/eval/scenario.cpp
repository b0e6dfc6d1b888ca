// SPDX-License-Identifier: Apache-2.0
#include "core/eval/scenario.hpp"

#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/spec/yaml.hpp"

namespace fk::eval {
namespace fs = std::filesystem;
namespace {

using core::Config;
using core::fail_at;
using core::Yaml;

// At least `low`, or above it.
double number(const Yaml& n, double low, double high, bool above, const char* what) {
  const double v = n.as_float(what);
  if (v > high || v < low || (above && v == low)) fail_at(n, "found {}, expected {}", n.text, what);
  return v;
}

struct Reader {
  fs::path folder, packages;
  const core::Registry& registry;

  fs::path beside(const Yaml& n, const char* what) const {
    const fs::path p = n.as_text(what);
    const fs::path full = (p.is_relative() ? folder / p : p).lexically_normal();
    std::error_code ignored;
    if (!fs::is_regular_file(full, ignored)) fail_at(n, "{}: no such file", full.string());
    return full;
  }

  Scenario scenario(const Yaml& m, const fs::path& path) const {
    m.as_map("a mapping with scenario and models");
    m.only({"scenario", "models"}, "a scenario");
    Scenario out;
    out.file = path.string();
    out.name = m.at("scenario", "a scenario").as_text("its name");
    const Yaml& models = m.at("models", "a scenario").as_map("models by name");
    if (models.keys.empty()) fail_at(models, "found no model, expected at least one");
    for (size_t i = 0; i < models.keys.size(); ++i)
      out.models.push_back(model(models.keys[i].text, models.items[i]));
    return out;
  }

  ScenarioModel model(const std::string& name, const Yaml& m) const {
    m.as_map("a mapping with config, weight, workloads, tasks and metric");
    m.only({"config", "weight", "workloads", "tasks", "metric"}, "a model of a scenario");
    ScenarioModel out;
    out.name = name;
    const Yaml& config = m.at("config", "a model of a scenario");
    out.config = beside(config, "a config file");
    out.family = core::load_config(out.config, packages).engine;
    if (const Yaml* n = m.find("weight")) out.weight = number(*n, 0, 1e9, true, "a number above 0");
    if (const Yaml* n = m.find("workloads")) {
      for (const Yaml& w : n->as_list("a list of BATCHxPROMPT/NEW").items)
        out.workloads.push_back(workload(w, out.family));
      if (n->items.empty()) fail_at(*n, "found an empty list, expected a workload");
    } else {
      out.workloads.push_back(out.family == Config::Engine::kEncoder ? resolver::Workload{16, 64, 0}
                                                                     : resolver::Workload{});
    }
    if (const Yaml* n = m.find("tasks")) tasks(*n, out);
    if (const Yaml* n = m.find("metric")) metric(*n, out);
    return out;
  }

  static resolver::Workload workload(const Yaml& n, Config::Engine family) {
    const std::string& text = n.as_text("BATCHxPROMPT/NEW, e.g. 1x64/16");
    resolver::Workload w;
    try {
      w = resolver::Workload::parse(text);
    } catch (const core::Error& e) { fail_at(n, "{}", e.text()); }
    if (family == Config::Engine::kEncoder && w.tokens)
      fail_at(n, "found {} new tokens, expected 0: an encoder has none", w.tokens);
    return w;
  }

  void tasks(const Yaml& m, ScenarioModel& out) const {
    m.as_map("a mapping from tasks to factors");
    for (size_t i = 0; i < m.keys.size(); ++i) {
      const std::string& name = m.keys[i].text;
      if (!registry.find(name)) {
        std::vector<std::string> names;
        for (const auto& [known, task] : registry.tasks()) names.push_back(known);
        fail_at(m.keys[i], "no task \"{}\"{}", name, core::did_you_mean(name, names));
      }
      out.tasks[name] = number(m.items[i], 0, 1e9, false, "0 or more");
    }
  }

  void metric(const Yaml& m, ScenarioModel& out) const {
    const bool encoder = out.family == Config::Engine::kEncoder;
    m.as_map("a mapping");
    m.only({"logits", "perplexity", "cosine", "ranking"}, "a metric");
    for (const Yaml& key : m.keys)
      if (encoder != (key.text == "cosine" || key.text == "ranking"))
        fail_at(key, "{} is no metric of {}; it has {}", key.text,
                encoder ? "an encoder" : "a causal language model",
                encoder ? "cosine and ranking" : "logits and perplexity");
    if (const Yaml* n = m.find("logits"))
      out.metric.envelope = number(*n, 0, 1e6, true, "a number above 0");
    if (const Yaml* n = m.find("cosine"))
      out.metric.cosine = number(*n, 0, 1, true, "a number above 0 and at most 1");
    if (const Yaml* n = m.find("perplexity")) {
      n->as_map("a mapping with text, tokens and tolerance");
      n->only({"text", "tokens", "tolerance"}, "perplexity");
      MetricSpec::Perplexity& p = out.metric.perplexity.emplace(MetricSpec::Perplexity());
      p.text = beside(n->at("text", "perplexity"), "a file of text");
      if (const Yaml* t = n->find("tokens")) {
        p.tokens = t->as_int("a whole number of at least 2");
        number(*t, 2, 1 << 20, false, "a whole number between 2 and 1048576");
      }
      if (const Yaml* t = n->find("tolerance"))
        p.tolerance = number(*t, 0, 10, true, "a number above 0");
    }
    if (const Yaml* n = m.find("ranking")) {
      n->as_map("a mapping with query and texts");
      n->only({"query", "texts"}, "ranking");
      MetricSpec::Ranking& r = out.metric.ranking.emplace();
      r.query = n->at("query", "ranking").as_text("a text");
      r.texts = beside(n->at("texts", "ranking"), "a file with a text a line");
    }
  }
};

}  // namespace

const char* family_name(Config::Engine e) {
  return e == Config::Engine::kEncoder ? "encoder" : "causal_lm";
}

Scenario parse_scenario(const std::string& text, const fs::path& path, const fs::path& packages,
                        const core::Registry& registry) {
  const core::YamlFile file = core::parse_yaml(text, path.string());
  return Reader{fs::absolute(path).parent_path(), packages, registry}.scenario(file.root, path);
}

Scenario load_scenario(const fs::path& path, const fs::path& packages,
                       const core::Registry& registry) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) core::bad_input("{}: no such scenario", path.string());
  std::stringstream text;
  text << in.rdbuf();
  return parse_scenario(text.str(), path, packages, registry);
}

}  // namespace fk::eval
