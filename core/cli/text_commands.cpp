// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/cli/model_flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/prompts.hpp"

namespace fk::core {

int tokenize_command(const Words& words) {
  CLI::App app{
      "Prints the token ids of every line of a file. No special tokens are added; those written in "
      "the text are cut out.",
      "fk tokenize"};
  std::string tokenizer, file, text;
  bool json = false, special = false;
  app.add_option("--tokenizer", tokenizer, "tokenizer.json, tokenizer.model or a .gguf file")
      ->type_name("PATH")
      ->required();
  app.add_option("--file", file, "the text")->type_name("FILE");
  app.add_option("--text", text, "one line, in place of --file")->type_name("TEXT");
  app.add_flag("--add-special", special, "add what the tokenizer puts around a text");
  app.add_flag("--json", json, "one JSON array of ids a line");
  if (!parse_flags(app, words)) return 0;
  if ((app.count("--file") > 0) == (app.count("--text") > 0))
    bad_input("give one of --file and --text");
  if (!std::filesystem::exists(tokenizer)) bad_input("--tokenizer {}: no such file", tokenizer);
  auto t = Tokenizer::open(tokenizer);
  std::string all = app.count("--text") ? text : read_input(file);
  if (app.count("--text")) all += '\n';
  std::string out;
  for (size_t start = 0; start < all.size();) {
    size_t end = std::min(all.find('\n', start), all.size());
    std::vector<int32_t> ids = t->encode(std::string_view(all).substr(start, end - start),
                                         {.add_special = special, .parse_special = true});
    if (json) {
      fmt::format_to(std::back_inserter(out), "[{}]\n", fmt::join(ids, ","));
    } else {
      for (size_t i = 0; i < ids.size(); ++i)
        fmt::format_to(std::back_inserter(out), "{}{}:{}", i ? " " : "", ids[i],
                       t->token_text(ids[i]));
      out += '\n';
    }
    if (out.size() > (1 << 20)) {
      std::fwrite(out.data(), 1, out.size(), stdout);
      out.clear();
    }
    start = end + 1;
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

int score_command(const Words& words) {
  CLI::App app{
      "Negative log likelihood and perplexity of a text: one window up to the context length, the "
      "first token not scored.",
      "fk score"};
  ModelFlags flags;
  std::string file;
  bool json = false;
  flags.add_to(app);
  app.add_option("--file", file, "the text")->type_name("FILE")->required();
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  Session session(flags, false);
  const Assets& assets = session.assets;
  if (assets.config.engine != Config::Engine::kCausalLm)
    bad_input("{} is an encoder: it gives a text no likelihood", flags.config);
  Prompt p;
  p.where = file;
  p.text = read_input(file);
  std::vector<int32_t> ids = encode(p, assets);
  if (ids.size() < 2)
    bad_input(
        "{}: the text has {} token{}; a score needs at least 2, since the first is not scored",
        file, ids.size(), ids.size() == 1 ? "" : "s");
  auto engine = session.causal_lm();
  size_t all = ids.size();
  if (int64_t(ids.size()) > engine->context()) {
    ids.resize(size_t(engine->context()));
    fmt::print(stderr, "{}: {} tokens; the first {} are scored, which is the context\n", file, all,
               ids.size());
  }
  Request r;
  r.id = file;
  r.prompt = std::move(ids);
  r.score = true;
  engine->add(std::move(r));
  engine->run();
  Completion c = engine->take_finished().at(0);
  size_t scored = c.prompt.size() - 1;
  double mean = c.nll / double(scored), perplexity = std::exp(mean),
         seconds = engine->stats().seconds;
  if (json) {
    Json out = {{"tokens", scored},
                {"nll", c.nll},
                {"perplexity", perplexity},
                {"mean_nll", mean},
                {"window_tokens", c.prompt.size()},
                {"text_tokens", all},
                {"dtype", dtype_name(assets.dtype)},
                {"plan_hash", engine->model().plan().hash()},
                {"seconds", seconds}};
    fmt::print("{}\n", json_line(out));
  } else {
    fmt::print(
        "{}: {} tokens scored of {}; nll {:.4f} ({:.6f} a token); perplexity {:.4f}; {:.1f} s\n",
        file, scored, all, c.nll, mean, perplexity, seconds);
  }
  return 0;
}

}  // namespace fk::core
