// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>

#include "core/engine/assets.hpp"
#include "core/engine/request.hpp"

namespace fk::core {

// One line of an input file, or the prompt of the command line.
struct Prompt {
  std::string where;  // "prompts.jsonl:3", "--prompt"; for messages
  Json id;            // as given; the number of the prompt (from 0) when there is none
  enum class Kind { kText, kMessages, kIds } kind = Kind::kText;
  std::string text;
  Json messages;
  std::vector<int32_t> ids;
  SamplingParams sampling;  // the command line's, with what the line says over it
};

// Every line is a JSON object with one of
//   "prompt" (plain text), "messages" ([{"role": ..., "content": ...}, ...]), "token_ids" ([1, 2,
//   ...])
// and optionally "id" and "max_tokens", "temperature", "top_k", "top_p", "min_p", "seed", "stop".
// Blank lines are skipped. Throws Error "file:line: ..." for the first line that is something else,
// and for a file without lines.
std::vector<Prompt> read_jsonl(const std::filesystem::path&, const SamplingParams& defaults);
std::vector<Prompt> parse_jsonl(std::string_view text, const std::string& file,
                                const SamplingParams& defaults);
// One prompt a line, plain text.
std::vector<Prompt> read_lines(const std::filesystem::path&, const SamplingParams& defaults);

// The ids that the model gets. Throws Error when the model lacks the tokenizer or chat template
// that the prompt needs.
std::vector<int32_t> encode(const Prompt&, const Assets&);

std::string read_input(const std::filesystem::path&);  // throws Error

}  // namespace fk::core
