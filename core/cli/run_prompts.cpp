// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <fstream>
#include <map>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/prompts.hpp"
#include "core/cli/run_flags.hpp"

namespace fk::core {
namespace {

Json completion_json(const Completion& c, const Json& id, bool top_logits) {
  Json out = {{"id", id},
              {"prompt_token_ids", c.prompt},
              {"token_ids", c.tokens},
              {"text", c.text},
              {"finish_reason", finish_reason_name(c.finish_reason)}};
  out["timing"] = {{"ttft_ms", c.ttft_ms}, {"decode_tokens_per_s", c.decode_tokens_per_s}};
  if (top_logits) {
    out["top_logits"] = Json::array();
    for (auto [token, value] : c.top_logits) out["top_logits"].push_back({token, value});
  }
  return out;
}

std::vector<Prompt> gather(const RunFlags& f, const Assets& a) {
  if (!f.input.empty()) return read_jsonl(f.input, f.sampling);
  Prompt p;
  p.where = "--prompt";
  p.id = 0;
  p.sampling = f.sampling;
  if (a.chat_template && !f.raw) {
    p.kind = Prompt::Kind::kMessages;
    p.messages = Json::array();
    if (!f.system.empty()) p.messages.push_back({{"role", "system"}, {"content", f.system}});
    p.messages.push_back({{"role", "user"}, {"content", f.prompt}});
  } else {
    if (!f.system.empty())
      bad_input("--system: plain text has no system message (no chat template{})",
                f.raw ? ", because of --raw" : "");
    p.text = f.prompt;
  }
  return {p};
}

// With its id, where it was asked for.
Json recorded(const RunFlags& f, record::Recorder& recorder, const Session& session, CausalLm& lm,
              Json summary) {
  if (!recorder.on()) return summary;
  const record::Machine m = machine_of(session, lm);
  store::RunRecord r;
  r.command = {"fk", "run"};
  for (const std::string& w : f.words) r.command.push_back(w);
  r.config = f.model.config, r.plan_hash = summary["plan_hash"];
  r.device = m.device, r.driver = m.driver, r.harness = m.harness;
  r.record = summary;
  if (const std::string id = recorder.add(r); !id.empty()) summary["id"] = id;
  return summary;
}

}  // namespace

int run_prompts(const RunFlags& f, Session& session) {
  const Assets& assets = session.assets;
  std::vector<Prompt> prompts = gather(f, assets);
  std::vector<std::vector<int32_t>> ids;
  for (const Prompt& p : prompts) ids.push_back(encode(p, assets));
  record::Recorder recorder(!f.store.empty(), f.store,
                            {"fk run", fmt::format("fk run {}", fmt::join(f.words, " ")), {}});
  auto engine = session.causal_lm();
  bool single = f.input.empty();
  auto start = std::chrono::steady_clock::now();
  std::map<int64_t, size_t> index;
  for (size_t i = 0; i < prompts.size(); ++i) {
    Request r;
    r.id = prompts[i].id.is_string() ? prompts[i].id.get<std::string>() : prompts[i].id.dump();
    r.prompt = std::move(ids[i]);
    r.sampling = prompts[i].sampling;
    r.top_logits = f.top_logits;
    if (single && !f.json) {
      r.on_token = [](const TokenEvent& e) {
        fmt::print("{}", e.text);
        if (e.done) fmt::print("\n");
        std::fflush(stdout);
      };
    }
    try {
      index[engine->add(std::move(r))] = i;
    } catch (const Error& e) { throw e.within(prompts[i].where); }
  }
  // Requests finish in any order and are shown in that of the input, as soon as all before them are
  // done.
  std::vector<Completion> done(prompts.size());
  std::vector<bool> is_done(prompts.size());
  size_t next = 0;
  while (engine->step()) {
    for (Completion& c : engine->take_finished()) {
      size_t i = index.at(c.handle);
      done[i] = std::move(c);
      is_done[i] = true;
    }
    for (; next < done.size() && is_done[next]; ++next) {
      const Completion& c = done[next];
      if (f.json)
        fmt::print("{}\n", json_line(completion_json(c, prompts[next].id, f.top_logits > 0)));
      else if (!single)
        fmt::print("[{}] {}\n",
                   prompts[next].id.is_string() ? prompts[next].id.get<std::string>()
                                                : prompts[next].id.dump(),
                   c.text);
      std::fflush(stdout);
    }
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const CausalLm::Stats& st = engine->stats();
  const Plan& plan = engine->model().plan();
  if (!f.save_plan.empty()) std::ofstream(f.save_plan) << plan.to_yaml();
  double rate = seconds > 0 ? double(st.generated_tokens) / seconds : 0;
  if (f.json || recorder.on()) {
    Json summary = {{"config", f.model.config},
                    {"model", assets.config.model},
                    {"weights", assets.weights_text},
                    {"dtype", dtype_name(assets.dtype)},
                    {"plan_hash", plan.hash()},
                    {"requests", prompts.size()},
                    {"prompt_tokens", st.prompt_tokens},
                    {"generated_tokens", st.generated_tokens},
                    {"seconds", seconds},
                    {"tokens_per_s", rate},
                    {"steps", st.steps},
                    {"preemptions", st.preemptions},
                    {"peak_memory_bytes", peak_memory_bytes()},
                    {"state_bytes", engine->model().state_bytes()},
                    {"retained_bytes", engine->model().retained_bytes()}};
    if (session.build.layers.time) summary["timings"] = engine->model().timings();
    summary = recorded(f, recorder, session, *engine, std::move(summary));
    if (f.json) {
      fmt::print("{}\n", json_line({{"summary", summary}}));
      return 0;
    }
    if (summary.contains("id"))
      fmt::print("id {}\n", store::short_id(summary["id"].get<std::string>()));
  }
  if (f.quiet) return 0;
  print_report(session, plan, &engine->sampler().plan(),
               session.build.layers.time ? engine->model().timings() : Json());
  if (single) {
    const Completion& c = done[0];
    fmt::print(
        "prompt {} tokens, answer {} tokens ({}); first token after {:.0f} ms, then {:.1f} tok/s; "
        "peak memory {}\n",
        c.prompt.size(), c.tokens.size(), finish_reason_name(c.finish_reason), c.ttft_ms,
        c.decode_tokens_per_s, bytes_text(peak_memory_bytes()));
    if (f.top_logits) {
      for (auto [token, value] : c.top_logits)
        fmt::print("  {:>7}  {:>10.4f}  {}\n", token, value,
                   assets.tokenizer ? assets.tokenizer->token_text(token) : "");
    }
  } else {
    double ttft = 0;
    for (const Completion& c : done) ttft += c.ttft_ms / double(done.size());
    fmt::print(
        "{} requests: {} prompt tokens, {} generated in {:.2f} s: {:.1f} tok/s; first token after "
        "{:.0f} ms on average; peak memory {}\n",
        done.size(), st.prompt_tokens, st.generated_tokens, seconds, rate, ttft,
        bytes_text(peak_memory_bytes()));
  }
  return 0;
}

}  // namespace fk::core
