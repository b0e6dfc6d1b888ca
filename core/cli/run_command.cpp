// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

#include "core/base/error.hpp"
#include "core/cli/best.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/run_flags.hpp"
#include "core/runtime/capture.hpp"

namespace fk::core {

void RunFlags::add_to(CLI::App& app) {
  model.add_to(app);
  app.add_option("--prompt", prompt,
                 "a message of the user, in the model's chat template when it has one")
      ->type_name("TEXT");
  app.add_flag("--raw", raw, "--prompt is plain text: no chat template");
  app.add_option("--system", system, "system message before --prompt or the chat")
      ->type_name("TEXT");
  app.add_option("--input", input,
                 "JSON lines with prompt, messages or token_ids, and optionally id; for an encoder "
                 "also plain lines")
      ->type_name("FILE");
  app.add_option("--query", query, "encoder: rank the lines of --input by similarity to this text")
      ->type_name("TEXT");
  app.add_flag("--chat", chat,
               "a conversation on the terminal (also what happens with nothing to run)");
  app.add_option("--max-tokens", sampling.max_tokens, "longest answer")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--temperature", sampling.temperature, "0: always the likeliest token")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--top-k", sampling.top_k, "sample among the K likeliest; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--top-p", sampling.top_p, "sample among the likeliest that make up P")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("P")
      ->capture_default_str();
  app.add_option("--min-p", sampling.min_p, "drop what is less likely than P times the likeliest")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("P")
      ->capture_default_str();
  app.add_option("--seed", sampling.seed, "of the random numbers, for every request alike")
      ->type_name("S")
      ->capture_default_str();
  app.add_flag("--ignore-eos", sampling.ignore_eos, "run on past the model's end of text");
  app.add_option("--top-logits", top_logits,
                 "with --json: the K largest logits at the prompt's last position")
      ->check(CLI::NonNegativeNumber)
      ->type_name("K");
  app.add_flag("--json", json, "one line of JSON a request, in input order, then a summary");
  app.add_flag("--dry", dry, "the tree, weights, state and missing tasks; no device, no data");
  app.add_option("--save-plan", save_plan, "write the choices made to a file that --plan replays")
      ->type_name("FILE");
  app.add_option(
         "--capture", capture,
         "write down what every node was called with, how often and for how long: "
         "DIR/capture.json, for `fk bench TASK --cases DIR`. Graphs would hide the calls, so "
         "it sets --enforce-eager")
      ->type_name("DIR");
  add_cases_flag(app, model);
  app.add_flag("--quiet", quiet, "no report after the text");
  app.add_option("--store", store,
                 "prompts: record what the summary says in this results store; without it a run is "
                 "nobody's measurement")
      ->type_name("FILE");
}

int run_command(const Words& words) {
  CLI::App app{"Runs a model: one prompt, a file of them, or a chat.", "fk-run"};
  RunFlags f;
  f.add_to(app);
  app.footer(
      "\nexamples:\n"
      "  fk-run --config configs/llama.yaml                                   chat on the "
      "terminal\n"
      "  fk-run --config configs/llama.yaml --prompt \"What is a kernel?\"      one answer, then "
      "the plan\n"
      "  fk-run --config configs/llama.yaml --prompt \"Once\" --raw --temperature 0.8 --seed 7\n"
      "  fk-run --config configs/llama.yaml --input prompts.jsonl --json      a batch; a line: "
      "{\"id\": \"a\", \"prompt\": \"text\"}\n"
      "  fk-run --config configs/llama.yaml --pin 'silu_and_mul@model.layers.3.*=mine' --prompt "
      "Hi\n"
      "  fk-run --config configs/minilm.yaml --input lines.txt --query \"a cat\" rank lines by "
      "similarity\n"
      "  fk-run --config configs/qwen3_8b.yaml --dry                          the tree without "
      "weights or device\n\n"
      "exit codes: 0 ok, 1 a check failed, 2 bad usage or input, 3 missing dependency or device\n");
  if (!parse_flags(app, words)) return 0;
  f.words = words;
  f.has_prompt = app.count("--prompt") > 0;
  f.has_query = app.count("--query") > 0;
  if (f.has_prompt && !f.input.empty() && !f.dry) {
    // An encoder takes --prompt as the query; a language model has nothing to do with both.
    if (f.has_query)
      bad_input("--prompt, --query and --input together: an encoder needs --query and --input");
  }
  if (f.has_prompt && f.prompt.empty()) bad_input("--prompt: the prompt is empty");
  if (f.chat && (f.has_prompt || !f.input.empty()))
    bad_input("--chat: it reads the terminal, so --prompt and --input do not go with it");
  if (f.chat && f.json)
    bad_input("--chat: a conversation has no --json; put \"messages\" into an --input file");
  if (f.dry && !f.capture.empty()) bad_input("--capture: with --dry nothing is called");
  if (f.dry) return run_dry(f);
  if (!f.store.empty() && !f.has_prompt && f.input.empty())
    bad_input("--store: a conversation is no measurement; give --prompt or --input");
  if (!f.capture.empty()) f.model.enforce_eager = true;
  Session session(f.model, false);
  if (!f.capture.empty()) session.build.layers.capture = std::make_shared<Capture>();
  const auto finished = [&](int code) {
    finish_capture(f, session);
    return code;
  };
  if (!f.store.empty() && session.assets.config.engine == Config::Engine::kEncoder)
    bad_input("--store: {} is an encoder; runs of language models are recorded", f.model.config);
  if (session.assets.config.engine == Config::Engine::kEncoder)
    return finished(run_encoder(f, session));
  if (f.has_query) bad_input("--query: {} is no encoder", f.model.config);
  if (f.has_prompt && !f.input.empty()) bad_input("--prompt and --input: give one of them");
  if (f.has_prompt || !f.input.empty()) return finished(run_prompts(f, session));
  if (f.chat || (isatty(STDIN_FILENO) && !f.json)) return finished(run_chat(f, session));
  bad_input("nothing to run: give --prompt TEXT, --input FILE, or --chat on a terminal");
}

int run_dry(const RunFlags& f) {
  Session s(f.model, true);
  auto model = s.dry_model();
  const Plan& plan = model->plan();
  size_t weights = 0, states = 0;
  for (const ParamUse& p : plan.params) weights += p.bytes;
  for (const StateUse& p : plan.states) states += p.bytes;
  if (!f.save_plan.empty()) std::ofstream(f.save_plan) << plan.to_yaml();
  int code = plan.missing_tasks.empty() ? 0 : int(Code::kMissing);
  const EngineOptions& o = s.assets.config.options;
  if (f.json) {
    Json out = {{"config", f.model.config},
                {"model", s.assets.config.model},
                {"weights_from", s.assets.weights_text}};
    out["plan_hash"] = plan.hash();
    out["init"] = model->init().to_json();
    out["options"] = {{"block_size", o.block_size},
                      {"num_blocks", o.num_blocks},
                      {"max_model_len", o.max_model_len},
                      {"max_num_seqs", o.max_num_seqs},
                      {"max_num_batched_tokens", o.max_num_batched_tokens}};
    out["tree"] = plan_json(plan)["nodes"];
    out["weights"] = params_json(plan);
    out["weights_bytes"] = weights;
    out["states"] = states_json(plan);
    out["state_bytes"] = states;
    out["missing_tasks"] = plan.missing_tasks;
    fmt::print("{}\n", json_line(out));
    return code;
  }
  fmt::print("{}\n", plan_text(plan));
  fmt::print("weights: {} tensors, {}{}\n", plan.params.size(), bytes_text(weights),
             s.assets.weights_text.empty() ? "" : " (" + s.assets.weights_text + ")");
  fmt::print("state: {} tensors, {} ({} blocks of {} tokens, {} slots)\n", plan.states.size(),
             bytes_text(states), o.num_blocks, o.block_size, o.max_num_seqs);
  if (plan.missing_tasks.empty())
    fmt::print("missing tasks: none\n");
  else
    fmt::print("missing tasks: {}\n", fmt::join(plan.missing_tasks, ", "));
  return code;
}

void print_report(const Session& s, const Plan& model, const Plan* sampler, const Json& timings) {
  fmt::print("\n{}", plan_text(model));
  if (sampler) {
    for (const Choice& c : sampler->choices)
      fmt::print("  sampler: {}  {} {}  {}\n", c.task, c.implementation, c.version, c.reason);
  }
  fmt::print("weights: {}\n", s.assets.weights_text);
  if (!timings.is_array() || timings.empty()) return;
  std::map<std::string, std::pair<double, int64_t>> by_task;
  for (const Json& t : timings) {
    auto& [seconds, calls] = by_task[t.value("task", "") + "  " + t.value("implementation", "")];
    seconds += t.value("self_seconds", 0.0);
    calls += t.value("calls", int64_t{0});
  }
  std::vector<std::pair<double, std::string>> order;
  for (auto& [name, v] : by_task)
    order.push_back(
        {v.first, fmt::format("{:10.2f} ms  {:>8} calls  {}", v.first * 1e3, v.second, name)});
  std::sort(order.rbegin(), order.rend());
  fmt::print("time by task, without its children:\n");
  for (auto& [seconds, line] : order) fmt::print("  {}\n", line);
}

}  // namespace fk::core
