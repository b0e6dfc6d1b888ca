// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/engine/request.hpp"
#include "core/engine/text_stream.hpp"

namespace fk::core {

// One request on its way. The scheduler owns it and its blocks; the engine appends its tokens.
// A step finds hundreds of them in nobody's cache, so what every step touches stands together in
// the first two lines, though the request has some of it once more.
struct alignas(64) Sequence {
  using Clock = std::chrono::steady_clock;
  static constexpr int32_t kPending = -1;  // a token that a step on the device is still to give

  Sequence(int64_t h, Request r)
      : prompt(int32_t(r.prompt.size())),
        score(r.score),
        ignore_eos(r.sampling.ignore_eos),
        stop_ids(!r.sampling.stop_ids.empty()),
        on_token(std::move(r.on_token)),
        handle(h),
        request(std::move(r)) {
    tokens = request.prompt;
  }

  // All of a process side by side: strewn over the heap each would take a page of its own, whose
  // address a step had to look up.
  static void* operator new(size_t, std::align_val_t);
  static void operator delete(void*, size_t, std::align_val_t) noexcept;

  std::vector<int32_t> tokens;  // prompt, then what was generated or is pending
  int64_t max_len = 0;          // tokens.size() never passes it
  int64_t computed = 0;         // tokens whose k, v or state the caches hold
  Clock::time_point last;       // when the newest known token arrived
  int32_t prompt;               // tokens of request.prompt
  int32_t accepted = 0;         // generated tokens that are known
  int16_t in_flight = 0;        // steps with it that are not collected yet
  bool done = false;            // finished, but a step in flight still names it
  bool streams = false;         // it has `text`
  bool score, ignore_eos;       // the request's
  bool stop_ids;                // the request has some

  std::function<void(const TokenEvent&)> on_token;  // the request's
  std::vector<int32_t> blocks;  // block i holds tokens [i * block_size, (i + 1) * block_size)
  int64_t handle;

  int64_t block_lists = 0;           // how often `blocks` began anew; else it only grows
  int32_t slot = -1;                 // of recurrent state
  int32_t row = -1;                  // of the sampled ids of the step that gives the pending token
  std::unique_ptr<TextStream> text;  // null without a tokenizer
  std::vector<std::pair<int32_t, float>> top_logits;
  double nll = 0;
  int64_t scored = 0;  // positions whose logits were seen
  Clock::time_point added, first;
  Request request;

  int64_t prompt_len() const { return prompt; }
  int64_t generated() const { return int64_t(tokens.size()) - prompt_len(); }
  int64_t to_compute() const { return int64_t(tokens.size()) - computed; }
  bool pending() const { return accepted < generated(); }
  bool decoding() const { return to_compute() == 1 && generated() > 0; }
  // Its last token is pending or known: there is nothing more to run.
  bool closing() const { return !score && int64_t(tokens.size()) >= max_len; }
};

}  // namespace fk::core
