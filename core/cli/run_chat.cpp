// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "core/base/error.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/prompts.hpp"
#include "core/cli/run_flags.hpp"

namespace fk::core {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;
void on_interrupt(int) { g_interrupted = 1; }

// Ctrl-C ends the answer, not the program; without SA_RESTART it still ends a prompt that is being
// typed.
struct InterruptGuard {
  InterruptGuard() {
    struct sigaction a {};
    a.sa_handler = on_interrupt;
    sigaction(SIGINT, &a, &old_);
  }
  ~InterruptGuard() { sigaction(SIGINT, &old_, nullptr); }
  struct sigaction old_ {};
};

struct Chat {
  const RunFlags& flags;
  const Assets& assets;
  CausalLm& engine;
  Json messages = Json::array();

  void reset() {
    messages = Json::array();
    if (!flags.system.empty()) messages.push_back({{"role", "system"}, {"content", flags.system}});
  }

  std::vector<int32_t> ids() const {
    Prompt p;
    p.where = "chat";
    p.kind = Prompt::Kind::kMessages;
    p.messages = messages;
    return encode(p, assets);
  }

  void answer(const std::string& text) {
    messages.push_back({{"role", "user"}, {"content", text}});
    Request r;
    r.id = "chat";
    r.prompt = ids();
    r.sampling = flags.sampling;
    r.on_token = [](const TokenEvent& e) {
      fmt::print("{}", e.text);
      std::fflush(stdout);
    };
    int64_t handle;
    try {
      handle = engine.add(std::move(r));
    } catch (const Error& e) {
      messages.erase(messages.size() - 1);
      fmt::print(stderr, "{}\n(/reset begins a new conversation)\n", e.text());
      return;
    }
    g_interrupted = 0;
    while (!g_interrupted && engine.step()) {}
    if (g_interrupted) engine.cancel(handle);
    for (const Completion& c : engine.take_finished()) {
      fmt::print("\n");
      messages.push_back({{"role", "assistant"}, {"content", c.text}});
      if (!flags.quiet) {
        fmt::print(stderr, "({} tokens in, {} out, first after {:.0f} ms, then {:.1f} tok/s{})\n",
                   c.prompt.size(), c.tokens.size(), c.ttft_ms, c.decode_tokens_per_s,
                   c.finish_reason == FinishReason::kLength
                       ? "; cut off by --max-tokens or the context"
                       : "");
      }
    }
  }
};

}  // namespace

int run_chat(const RunFlags& f, Session& session) {
  const Assets& assets = session.assets;
  if (!assets.tokenizer || !assets.chat_template) {
    bad_input(
        "{}: a chat needs a tokenizer and a chat template, and this model has no {}; give --prompt "
        "or --input",
        f.model.config, !assets.tokenizer ? "tokenizer" : "chat template");
  }
  auto engine = session.causal_lm();
  bool terminal = isatty(STDIN_FILENO);
  if (terminal) {
    fmt::print(stderr,
               "{} ({}). /reset begins anew, /plan shows who computes what, /quit or Ctrl-D ends; "
               "Ctrl-C cuts an answer short.\n",
               f.model.config, assets.weights_text);
  }
  InterruptGuard guard;
  Chat chat{f, assets, *engine};
  chat.reset();
  for (std::string line;;) {
    if (terminal) {
      fmt::print("> ");
      std::fflush(stdout);
    }
    g_interrupted = 0;
    if (!std::getline(std::cin, line)) {
      if (!g_interrupted) break;
      std::cin.clear();
      fmt::print("\n");
      continue;
    }
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line == "/quit" || line == "/exit") break;
    if (line == "/reset")
      chat.reset();
    else if (line == "/plan")
      fmt::print("{}", plan_text(engine->model().plan()));
    else if (line[0] == '/')
      fmt::print(stderr, "unknown command {}; there are /reset, /plan and /quit\n", line);
    else
      chat.answer(line);
  }
  if (terminal) fmt::print("\n");
  return 0;
}

}  // namespace fk::core
