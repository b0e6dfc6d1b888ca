// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fk::core {

// How one request picks its tokens; the meaning of the numbers is that of the task `sample`.
struct SamplingParams {
  float temperature = 0;  // 0: greedy
  int32_t top_k = 0;      // 0: all
  float top_p = 1, min_p = 0;
  int64_t seed = 0;
  int64_t max_tokens = 256;               // >= 1
  bool ignore_eos = false;                // run on past the model's own stop ids
  std::vector<int32_t> stop_ids;          // beside the model's
  std::vector<std::string> stop_strings;  // likewise; the text ends before the string
};

// Handed over for every new token, and a last time with the rest of the text when the request is
// done.
struct TokenEvent {
  int64_t handle;
  int32_t token;  // -1 in the last event
  std::string_view
      text;  // text that is now certain; may be empty (unfinished UTF-8, possible stop string)
  bool done;
};

struct Request {
  std::string id;               // for messages
  std::vector<int32_t> prompt;  // at least one id
  SamplingParams sampling;
  int top_logits = 0;  // K best logits at the prompt's last position
  bool score = false;  // no generation: the negative log likelihood of prompt[1..]
  // Of score requests: tokens of the prompt that come first, in chunks; the rest goes one a step,
  // as an answer would. All, by default.
  int64_t in_chunks = std::numeric_limits<int64_t>::max();
  // Of score requests: the logits at every position of the prompt, in order. On the engine's
  // thread.
  std::function<void(int64_t position, std::span<const float> logits)> on_logits;
  std::function<void(const TokenEvent&)> on_token;  // on the engine's thread; may be empty
};

enum class FinishReason { kStop, kLength, kCancelled };
inline const char* finish_reason_name(FinishReason r) {
  return r == FinishReason::kStop ? "stop" : r == FinishReason::kLength ? "length" : "cancelled";
}

// What became of a request.
struct Completion {
  int64_t handle = 0;
  std::string id;
  std::vector<int32_t> prompt, tokens;  // tokens: with the stop id that ended them
  std::string text;                     // without it; empty when the engine has no tokenizer
  FinishReason finish_reason = FinishReason::kStop;
  std::vector<std::pair<int32_t, float>> top_logits;  // falling; equal logits by rising id
  double nll = 0;                  // of score requests: sum over prompt[1..], natural logarithm
  double ttft_ms = 0;              // from add() to the first token
  double decode_tokens_per_s = 0;  // tokens after the first; 0 when there are none
};

}  // namespace fk::core
