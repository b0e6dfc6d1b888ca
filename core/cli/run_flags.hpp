// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/model_flags.hpp"
#include "core/engine/request.hpp"

namespace fk::core {

// The flags of fk-run.
struct RunFlags {
  ModelFlags model;
  std::string prompt, input, query, system, save_plan, store, capture;
  Words words;  // as given
  bool has_prompt = false, has_query = false;
  bool raw = false, chat = false, json = false, dry = false, quiet = false;
  int top_logits = 0;
  SamplingParams sampling;

  void add_to(CLI::App&);
};

// What fk-run does, once it is known what is asked for. Each returns the exit code.
int run_dry(const RunFlags&);
int run_prompts(const RunFlags&, Session&);  // --prompt or --input, causal LM
int run_chat(const RunFlags&, Session&);
int run_encoder(const RunFlags&, Session&);

// Writes what was called to the folder of --capture, if there is one, and says so on stderr.
void finish_capture(const RunFlags&, const Session&);

// What follows the last text of a human run.
void print_report(const Session&, const Plan& model, const Plan* sampler, const Json& timings);

}  // namespace fk::core
