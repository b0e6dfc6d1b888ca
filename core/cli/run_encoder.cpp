// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <fstream>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/prompts.hpp"
#include "core/cli/run_flags.hpp"
#include "core/engine/encoder_engine.hpp"
#include "core/engine/encoder_text.hpp"
#include "core/engine/similarity.hpp"

namespace fk::core {
namespace {

// JSON lines by the name of the file; anything else is plain text, one line each.
std::vector<Prompt> gather(const RunFlags& f) {
  std::string name = std::filesystem::path(f.input).extension().string();
  return name == ".jsonl" || name == ".json" ? read_jsonl(f.input, f.sampling)
                                             : read_lines(f.input, f.sampling);
}

Prompt text_prompt(const std::string& where, const std::string& text) {
  Prompt p;
  p.where = where;
  p.id = 0;
  p.text = text;
  if (text.empty()) bad_input("{}: the prompt is empty", where);
  return p;
}

std::vector<int32_t> ids_of(const Prompt& p, const Assets& a, int64_t max_tokens) {
  if (p.kind == Prompt::Kind::kIds) return p.ids;
  if (p.kind == Prompt::Kind::kMessages)
    bad_input("{}: an encoder takes \"prompt\" or \"token_ids\", not \"messages\"", p.where);
  if (!a.tokenizer) return encode(p, a);  // says what is missing
  EncoderInput in = encode_for_embedding(*a.tokenizer, p.text, max_tokens);
  if (in.dropped) {
    fmt::print(
        stderr,
        "{}: the text has {} tokens more than the {} that the encoder takes; they are cut off\n",
        p.where, in.dropped, max_tokens);
  }
  return std::move(in.ids);
}

void print_ranking(const std::vector<Prompt>& prompts, const std::vector<double>& scores) {
  for (size_t i : ranking(scores))
    fmt::print("{:7.4f}  {}\n", scores[i],
               prompts[i].kind == Prompt::Kind::kText ? prompts[i].text : json_line(prompts[i].id));
}

}  // namespace

int run_encoder(const RunFlags& f, Session& session) {
  const Assets& assets = session.assets;
  if (f.chat || (!f.has_prompt && f.input.empty())) {
    bad_input("{} is an encoder: give --prompt TEXT, or --input FILE with or without --query TEXT",
              f.model.config);
  }
  // With a file, --prompt is the query as well: there is nothing else for it to be.
  bool ranks = f.has_query || (f.has_prompt && !f.input.empty());
  std::vector<Prompt> prompts =
      f.input.empty() ? std::vector<Prompt>{text_prompt("--prompt", f.prompt)} : gather(f);
  auto dry = session.dry_model();
  auto store = session.weights(dry->plan());
  auto engine = EncoderEngine::build(session.workspace.catalog(), store, assets.config.model,
                                     assets.init, session.build, assets.config.options);
  refuse_unused(*store, assets);
  std::vector<std::vector<int32_t>> ids;
  if (ranks)
    ids.push_back(
        ids_of(f.has_query ? text_prompt("--query", f.query) : text_prompt("--prompt", f.prompt),
               assets, engine->max_tokens()));
  for (const Prompt& p : prompts) {
    ids.push_back(ids_of(p, assets, engine->max_tokens()));
    if (int64_t(ids.back().size()) > engine->max_tokens()) {
      bad_input("{}: {} token ids, and the encoder takes at most {}", p.where, ids.back().size(),
                engine->max_tokens());
    }
  }
  auto start = std::chrono::steady_clock::now();
  std::vector<std::vector<float>> all = engine->embed(ids);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  size_t tokens = 0;
  for (const auto& s : ids) tokens += s.size();
  const Plan& plan = engine->model().plan();
  if (!f.save_plan.empty()) std::ofstream(f.save_plan) << plan.to_yaml();
  size_t first = ranks ? 1 : 0;
  std::vector<double> scores;
  for (size_t i = first; ranks && i < all.size(); ++i) scores.push_back(cosine(all[0], all[i]));
  if (f.json) {
    for (size_t i = 0; i < prompts.size(); ++i) {
      Json out = {{"id", prompts[i].id},
                  {"prompt_token_ids", ids[first + i]},
                  {"embedding", all[first + i]}};
      if (ranks) out["score"] = scores[i];
      fmt::print("{}\n", json_line(out));
    }
    Json summary = {{"config", f.model.config},
                    {"model", assets.config.model},
                    {"weights", assets.weights_text},
                    {"dtype", dtype_name(assets.dtype)},
                    {"plan_hash", plan.hash()},
                    {"requests", prompts.size()},
                    {"prompt_tokens", tokens},
                    {"seconds", seconds},
                    {"batch_seconds", engine->batch_seconds()},
                    {"tokens_per_s", seconds > 0 ? double(tokens) / seconds : 0},
                    {"peak_memory_bytes", peak_memory_bytes()},
                    {"retained_bytes", engine->model().retained_bytes()}};
    if (session.build.layers.time) summary["timings"] = engine->model().timings();
    fmt::print("{}\n", json_line({{"summary", summary}}));
    return 0;
  }
  if (ranks) {
    print_ranking(prompts, scores);
  } else {
    for (size_t i = 0; i < prompts.size(); ++i) {
      std::span<const float> head(all[i].data(), std::min<size_t>(8, all[i].size()));
      fmt::print("[{}] {} values: {:.5f}{}\n", json_line(prompts[i].id), all[i].size(),
                 fmt::join(head, " "), all[i].size() > 8 ? " ..." : "");
    }
  }
  if (f.quiet) return 0;
  print_report(session, plan, nullptr,
               session.build.layers.time ? engine->model().timings() : Json());
  fmt::print("{} texts, {} tokens in {:.3f} s: {:.0f} tok/s; peak memory {}\n", ids.size(), tokens,
             seconds, seconds > 0 ? double(tokens) / seconds : 0.0,
             bytes_text(peak_memory_bytes()));
  return 0;
}

}  // namespace fk::core
