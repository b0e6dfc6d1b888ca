// SPDX-License-Identifier: Apache-2.0
#include "core/cli/model_flags.hpp"

#include <charconv>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/best.hpp"
#include "core/cli/progress.hpp"
#include "core/cli/prompts.hpp"
#include "core/runtime/capture.hpp"

namespace fk::core {
namespace {

fk_dtype parse_run_dtype(const std::string& s) {
  std::vector<std::string> names = {"float32", "bfloat16", "float16", "float64"};
  for (const std::string& n : names) {
    if (s == n) return *parse_dtype(s);
  }
  bad_input("--dtype {}: expected bfloat16, float16 or float32{}", s, did_you_mean(s, names));
}

LayerOptions parse_layers(const std::string& list) {
  LayerOptions o;
  std::vector<std::string> names = {"validate", "trace", "time", "nvtx"};
  for (size_t start = 0; start < list.size();) {
    size_t end = std::min(list.find(',', start), list.size());
    std::string s = list.substr(start, end - start);
    if (s == "validate")
      o.validate = true;
    else if (s == "trace")
      o.trace = true;
    else if (s == "time")
      o.time = true;
    else if (s == "nvtx")
      o.nvtx = true;
    else
      bad_input("--layers {}: unknown layer '{}'{}; expected some of validate, trace, time, nvtx",
                list, s, did_you_mean(s, names));
    start = end + 1;
  }
  return o;
}

Overrides overrides(const ModelFlags& f) {
  Overrides o;
  if (!f.weights.empty()) o.weights = f.weights;
  if (!f.tokenizer.empty()) o.tokenizer = f.tokenizer;
  if (!f.dtype.empty()) o.dtype = parse_run_dtype(f.dtype);
  if (!f.quant.empty()) {
    if (f.quant != "keep" && f.quant != "none")
      bad_input("--quant {}: expected keep or none", f.quant);
    o.keep_quant = f.quant == "keep";
  }
  return o;
}

Config config_with_flags(const ModelFlags& f, const Paths& paths) {
  if (f.config.empty()) {
    bad_input("--config is needed: the model to run, e.g. --config {}",
              (paths.root / "configs/llama.yaml").string());
  }
  Config c = load_config(f.config, paths.packages);
  auto set = [](int64_t value, int64_t& to) {
    if (value) to = value;
  };
  set(f.block_size, c.options.block_size);
  set(f.num_blocks, c.options.num_blocks);
  set(f.max_model_len, c.options.max_model_len);
  set(f.max_num_seqs, c.options.max_num_seqs);
  set(f.max_num_batched_tokens, c.options.max_num_batched_tokens);
  if (f.gpu_memory_utilization > 0) c.options.gpu_memory_utilization = f.gpu_memory_utilization;
  if (f.enforce_eager) c.options.enforce_eager = true;
  if (f.no_async_scheduling) c.options.async_scheduling = false;
  return c;
}

}  // namespace

fk_device parse_device(const std::string& s) {
  if (s == "cpu" || s == "auto") return {FK_CPU, 0};
  int index = 0;
  if (s == "cuda") return {FK_CUDA, 0};
  if (s.starts_with("cuda:")) {
    auto [end, error] = std::from_chars(s.data() + 5, s.data() + s.size(), index);
    if (error == std::errc() && end == s.data() + s.size() && index >= 0) return {FK_CUDA, index};
  }
  bad_input("--device {}: expected auto, cpu or cuda:N", s);
}

void ModelFlags::add_to(CLI::App& app) {
  app.add_option("--config", config, "the model: a file of configs/")->type_name("FILE");
  app.add_option("--weights", weights,
                 "weights in place of the config's: a .gguf or .safetensors file, or a folder as "
                 "transformers writes it")
      ->type_name("PATH");
  app.add_option("--tokenizer", tokenizer,
                 "tokenizer.json, .gguf or tokenizer.model in place of the model's own")
      ->type_name("PATH");
  app.add_option("--device", device,
                 "cpu, cuda:N, or auto: the first CUDA device where there is one and the model has "
                 "kernels for it, else the CPU")
      ->type_name("DEVICE")
      ->capture_default_str();
  app.add_option("--dtype", dtype,
                 "bfloat16, float16 or float32, for weights too (quantised ones are dequantised); "
                 "default: the config's")
      ->type_name("TYPE");
  app.add_option("--quant", quant,
                 "keep: use quantised weights as they are; none: dequantise them at load")
      ->type_name("keep|none");
  app.add_option("--threads", threads, "CPU threads; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  app.add_option("--pin", pins,
                 "task[:decode|:prefill][@path-pattern]=implementation: who computes a task, "
                 "everywhere or in steps of that kind and where the "
                 "path matches; may be given again")
      ->type_name("PIN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option(
         "--policy", policy,
         "baseline; best: candidates that are judged right and measured faster, alone and in the "
         "model; candidate:NAME; or auto: best where there is a results store, else baseline")
      ->type_name("POLICY")
      ->capture_default_str();
  app.add_option("--plan", plan, "replay exactly the choices of a saved plan")->type_name("FILE");
  app.add_option("--candidates", candidates, "one more folder with candidates; may be given again")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option(
         "--layers", layers,
         "around every node: validate (checks each call), trace (prints it), time (adds it up), "
         "nvtx (names it for a profiler)")
      ->type_name("LIST");
  auto size = CLI::Range(int64_t{1}, int64_t{1} << 31);
  app.add_option("--block-size", block_size, "tokens of a KV cache block")
      ->check(size)
      ->type_name("N");
  app.add_option("--num-blocks", num_blocks, "KV cache blocks")->check(size)->type_name("N");
  app.add_option("--max-model-len", max_model_len, "context: tokens of prompt and answer")
      ->check(size)
      ->type_name("N");
  app.add_option("--max-num-seqs", max_num_seqs, "sequences that run at once")
      ->check(size)
      ->type_name("N");
  app.add_option("--max-num-batched-tokens", max_num_batched_tokens,
                 "tokens of a step; longer prompts go in chunks")
      ->check(size)
      ->type_name("N");
  app.add_option("--gpu-memory-utilization", gpu_memory_utilization,
                 "share of the GPU's memory for weights, KV cache and scratch; default 0.9")
      ->check(CLI::Range(0.01, 1.0))
      ->type_name("X");
  app.add_flag("--enforce-eager", enforce_eager, "no CUDA graphs");
  app.add_flag("--no-async-scheduling", no_async_scheduling,
               "look at every step's tokens before the next step is launched");
}

Session::Session(const ModelFlags& f, bool dry)
    // What a pin names is opened, judged or not: it was asked for by name.
    : workspace(f.admitted_later || (!dry && wants_best(f) && f.pins.empty())
                    ? Workspace::Candidates::kLater
                    : Workspace::Candidates::kBuild,
                f.candidates) {
  Catalog catalog = workspace.catalog();  // copies share one list
  for (const auto& copy : f.versions) catalog.add_copy(copy, Implementation::Kind::kCandidate);
  Overrides over = overrides(f);
  build.device = parse_device(f.device);
  build.threads = f.threads;
  build.layers = parse_layers(f.layers);
  const bool best = wants_best(f);
  build.policy = Policy::parse(f.policy == "auto" || best ? "baseline" : f.policy);
  for (const std::string& p : f.pins) build.policy.pins.push_back(Pin::parse(p));
  if (!f.plan.empty())
    build.replay = std::make_shared<Plan>(Plan::from_yaml(read_input(f.plan), f.plan));
  assets = load_assets(workspace.registry(), config_with_flags(f, workspace.paths()), over);
  build.dtype = assets.dtype;
  engine_options = assets.config.options;
  fill();
  if (f.device == "auto" && !dry) prefer_gpu();
  if (!f.cases.empty() && !best)
    bad_input("--cases: only --policy best looks at calls, found --policy {}", f.policy);
  if (best && !dry && !f.resolved_later) choose_best(*this, f);
}

void Session::fill() {
  assets.config.options = fill_options(workspace.registry(), assets.config.model, assets.init,
                                       engine_options, build.device);
  build.dims = engine_dims(assets.config.options);
}

// A card that is there and kernels for every task of the model.
void Session::prefer_gpu() {
  const BuildOptions on_cpu = build;
  try {
    build.device = {FK_CUDA, 0};
    build.on = Device::open(build.device);
    fill();
    if (dry_model()->plan().missing_tasks.empty()) return;
  } catch (const Error&) {}  // no card, or a pin that is for the CPU: the CPU says what is wrong
  build = on_cpu;
  fill();
}

std::unique_ptr<Model> Session::dry_model() const {
  BuildOptions o = build;
  o.dry = true;
  o.layers = {};
  return Model::build(workspace.catalog(), nullptr, assets.config.model, assets.init, o);
}

std::shared_ptr<WeightStore> Session::weights(const Plan& dry) const {
  size_t total = 0;
  for (const ParamUse& p : dry.params) total += p.bytes;
  return with_progress(assets.open_weights(workspace.registry()),
                       fmt::format("loading {}", assets.weights_text), total);
}

std::unique_ptr<CausalLm> Session::causal_lm(TextOptions text) const {
  auto dry = dry_model();
  auto store = weights(dry->plan());
  auto engine = CausalLm::build(workspace.catalog(), store, assets.config.model, assets.init, build,
                                engine_options, std::move(text));
  refuse_unused(*store, assets);
  if (build.layers.capture) build.layers.capture->clear();  // the steps of the warm-up
  return engine;
}

void refuse_unused(const WeightStore& store, const Assets& a) {
  std::vector<std::string> names = store.unused();
  if (names.empty()) return;
  size_t n = names.size();
  names.resize(std::min<size_t>(n, 5));
  bad_input(
      "{}: {} tensor{} that no node of the model uses: {}{}; a map lists what may stay unused "
      "under `ignore` ({})",
      a.weights_text, n, n == 1 ? "" : "s", fmt::join(names, ", "), n > 5 ? ", ..." : "",
      a.name_map.string());
}

}  // namespace fk::core
