// SPDX-License-Identifier: Apache-2.0
#include "core/engine/causal_lm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "core/base/memory_text.hpp"
#include "core/engine/kv_size.hpp"
#include "core/engine/logits.hpp"
#include "core/engine/scheduler.hpp"
#include "core/engine/step_runner.hpp"

namespace fk::core {
namespace {

// Rows of logits that score requests may have in a step: bounds the buffer, not the speed of
// anything else.
constexpr int64_t kScoreRows = 64;

const TaskSpec& causal_task(const Registry& r, const std::string& name) {
  const TaskSpec& t = r.task(name);
  if (t.interface != "causal_lm" || t.step != "batch_step") {
    bad_input(
        "task '{}' has interface '{}' and step '{}'; the causal_lm engine drives tasks of "
        "`interface: causal_lm` and "
        "`step: batch_step`",
        name, t.interface, t.step);
  }
  return t;
}

int64_t vocab_of(const TaskSpec& task, const InitValue& init) {
  for (const Field& f : task.args) {
    if (f.name == "logits" && !f.tensor.shape.empty()) {
      return f.tensor.shape.back().eval_int([&](std::string_view n) { return init.lookup(n); });
    }
  }
  bad_input("{}: a task of `interface: causal_lm` needs an output 'logits'", task.file);
}

StepRunner::Sizes runner_sizes(const EngineOptions& o, CacheKinds caches, int64_t vocab) {
  StepRunner::Sizes sizes;
  StepBatch::Shape& s = sizes.batch;
  s.max_tokens = o.max_num_batched_tokens;
  s.max_seqs = o.max_num_seqs;
  s.max_rows = std::max(o.max_num_seqs, std::min(kScoreRows, o.max_num_batched_tokens));
  s.max_blocks_per_seq = (o.max_model_len + o.block_size - 1) / o.block_size;
  s.block_size = o.block_size;
  s.kv_cache = caches.kv;
  s.recurrent_state = caches.recurrent;
  sizes.vocab_size = vocab;
  sizes.graphs = !o.enforce_eager;
  sizes.ahead = *o.async_scheduling;
  return sizes;
}

Scheduler::Limits limits(const EngineOptions& o, CacheKinds caches, int64_t rows) {
  return {caches.kv ? o.num_blocks : 0,
          o.block_size,
          caches.recurrent ? o.max_num_seqs : 0,
          o.max_num_seqs,
          o.max_num_batched_tokens,
          rows};
}

double milliseconds(Sequence::Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace

struct CausalLm::Impl {
  EngineOptions options;
  int64_t longest;  // max_model_len before the KV cache's size cut it
  TextOptions text;
  CacheKinds caches;
  std::unique_ptr<Model> model;
  int64_t vocab;
  StepRunner runner;
  Scheduler scheduler;
  Flight* in_flight = nullptr;                  // launched and not collected yet
  int64_t advanced = -1;                        // the batch_id of the last step
  std::vector<std::unique_ptr<Sequence>> done;  // finished, but named by a step in flight
  std::vector<Completion> finished;
  Stats stats;
  int64_t next_handle = 0;

  Impl(const Catalog& catalog, const BuildOptions& sampling, EngineOptions o, int64_t uncut,
       TextOptions t, CacheKinds c, std::unique_ptr<Model> m)
      : options(o),
        longest(uncut),
        text(std::move(t)),
        caches(c),
        model(std::move(m)),
        vocab(vocab_of(model->task(), model->init())),
        runner(catalog, *model, sampling, runner_sizes(o, c, vocab)),
        scheduler(limits(o, c, runner.max_rows())) {
    done.reserve(size_t(o.max_num_seqs));
    runner.warm_up();
  }

  void check(const Request& r) const {
    std::string who = r.id.empty() ? "request" : fmt::format("request '{}'", r.id);
    if (r.prompt.empty())
      bad_input("{}: the prompt is empty; a model needs at least one token to go on from", who);
    const int64_t n = int64_t(r.prompt.size()), answer = r.score ? 0 : 1;
    const int64_t room = options.max_model_len - answer;
    if (n > room && n + answer <= longest) cache_too_small(who, n, n + answer);
    if (n > room) {
      bad_input(
          "{}: the prompt has {} tokens and the context holds {} ({}); shorten the prompt or raise "
          "max_model_len",
          who, n, options.max_model_len,
          r.score ? "all of them for the text" : "one of them for the answer");
    }
    for (size_t i = 0; i < r.prompt.size(); ++i) {
      if (r.prompt[i] < 0 || r.prompt[i] >= vocab) {
        bad_input("{}: token id {} at position {} lies outside the vocabulary of {}", who,
                  r.prompt[i], i, vocab);
      }
    }
    const SamplingParams& p = r.sampling;
    auto range = [&](const char* name, double v, double low, double high) {
      if (!(v >= low && v <= high))
        bad_input("{}: {} must lie between {} and {}, found {}", who, name, low, high, v);
    };
    range("max_tokens", double(p.max_tokens), 1, std::numeric_limits<int32_t>::max());
    range("temperature", p.temperature, 0, 100);
    range("top_k", p.top_k, 0, std::numeric_limits<int32_t>::max());
    range("top_p", p.top_p, 0, 1);
    range("min_p", p.min_p, 0, 1);
    range("top_logits", r.top_logits, 0, double(vocab));
  }

  [[noreturn]] void cache_too_small(const std::string& who, int64_t prompt, int64_t tokens) const {
    const int64_t needed = (tokens + options.block_size - 1) / options.block_size;
    const double block = block_bytes(model->plan(), options.num_blocks);
    bad_input(
        "{}: the prompt has {} tokens and needs {} KV cache blocks of {} tokens ({}), the cache "
        "has {} ({}); use a larger --num-blocks (on a GPU a larger --gpu-memory-utilization) or "
        "shorten the prompt",
        who, prompt, needed, options.block_size, memory_text(double(needed) * block),
        options.num_blocks, memory_text(double(options.num_blocks) * block));
  }

  std::unique_ptr<Sequence> make_sequence(Request request) {
    auto s = std::make_unique<Sequence>(next_handle++, std::move(request));
    s->added = Sequence::Clock::now();
    const Request& r = s->request;
    s->max_len = r.score ? s->prompt_len()
                         : std::min(options.max_model_len, s->prompt_len() + r.sampling.max_tokens);
    s->tokens.reserve(size_t(s->max_len));
    if (caches.kv)
      s->blocks.reserve(size_t((s->max_len + options.block_size - 1) / options.block_size));
    if (text.tokenizer && !r.score) {
      std::vector<std::string> stops = r.sampling.stop_strings;
      stops.insert(stops.end(), text.stop_strings.begin(), text.stop_strings.end());
      s->text = std::make_unique<TextStream>(*text.tokenizer, std::move(stops));
      s->streams = true;
    }
    return s;
  }

  bool is_stop(const Sequence& s, int32_t token) const {
    auto in = [&](const std::vector<int32_t>& ids) {
      return std::find(ids.begin(), ids.end(), token) != ids.end();
    };
    return (s.stop_ids && in(s.request.sampling.stop_ids)) || (!s.ignore_eos && in(text.stop_ids));
  }

  // The sequence's pending token is known; true when it was the last one.
  bool accept(Sequence& s, int32_t token, Sequence::Clock::time_point now, FinishReason& reason) {
    s.last = now;
    if (s.accepted == 0) s.first = s.last;
    s.tokens[size_t(s.prompt_len() + s.accepted++)] = token;
    ++stats.generated_tokens;
    reason = FinishReason::kStop;
    if (is_stop(s, token)) return true;
    const bool stopped = s.streams && s.text->push(token);
    if (s.on_token)
      s.on_token({s.handle, token, s.streams ? s.text->fresh() : std::string_view(), false});
    if (s.done) return false;  // cancelled by its own callback
    if (stopped) return true;
    reason = FinishReason::kLength;
    return s.prompt_len() + s.accepted >= s.max_len;
  }

  void finish(Sequence* sequence, FinishReason reason) {
    std::unique_ptr<Sequence> s = scheduler.remove(sequence);
    if (s->text) s->text->finish();
    if (s->on_token)
      s->on_token({s->handle, -1, s->text ? s->text->fresh() : std::string_view(), true});
    Completion c;
    c.handle = s->handle;
    c.id = s->request.id;
    const auto first = s->tokens.begin() + s->prompt_len();
    c.tokens.assign(first, first + s->accepted);
    c.prompt = std::move(s->request.prompt);
    if (s->text) c.text = s->text->text();
    c.finish_reason = reason;
    c.top_logits = std::move(s->top_logits);
    c.nll = s->nll;
    if (!c.tokens.empty()) {
      c.ttft_ms = milliseconds(s->first - s->added);
      double rest = milliseconds(s->last - s->first) / 1e3;
      if (c.tokens.size() > 1 && rest > 0)
        c.decode_tokens_per_s = double(c.tokens.size() - 1) / rest;
    }
    finished.push_back(std::move(c));
    s->done = true;
    if (s->in_flight) done.push_back(std::move(s));
  }

  void take_logits(const StepBatch::Row& row, const float* logits) {
    Sequence& s = *row.sequence;
    if (s.score) {
      // A sequence that was pushed out and computed again passes its first positions twice.
      if (row.position != s.scored) return;
      if (s.request.on_logits) s.request.on_logits(row.position, {logits, size_t(vocab)});
      ++s.scored;
      if (row.position + 1 < s.prompt_len())
        s.nll -= log_probability(logits, vocab, s.tokens[size_t(row.position + 1)]);
    } else if (s.accepted == 0 && s.request.top_logits && s.top_logits.empty()) {
      s.top_logits = largest(logits, vocab, s.request.top_logits);
    }
  }

  bool step() {
    const auto start = Sequence::Clock::now();
    const bool any = advance_all();
    stats.seconds += milliseconds(Sequence::Clock::now() - start) / 1e3;
    return any;
  }

  bool advance_all() {
    // With a token pending nobody can be pushed out: it could not be computed again.
    const std::vector<Scheduled>* scheduled = &scheduler.schedule(!in_flight);
    if (in_flight && (scheduler.starved() || scheduled->empty())) {
      collect(*std::exchange(in_flight, nullptr));
      return true;
    }
    stats.preemptions = scheduler.preemptions();
    if (scheduled->empty()) return false;
    Flight& flight = runner.launch(*scheduled, scheduler.batch_id());
    advance(*scheduled, flight);
    // A GPU runs this step while the host looks at the last one and makes the next.
    Flight* ready = runner.ahead() ? std::exchange(in_flight, &flight) : &flight;
    if (ready) collect(*ready);
    ++stats.steps;
    return true;
  }

  // What is certain about a step before its results are there.
  void advance(const std::vector<Scheduled>& batch, const Flight& f) {
    const bool moved = std::exchange(advanced, f.batch_id) != f.batch_id;  // rows, since last time
    int64_t prompt_tokens = 0, tokens = 0, kv_tokens = 0, attended = 0;
    for (const Scheduled& part : batch) {
      Sequence& s = *part.sequence;
      const int64_t prompt = s.prompt_len(), from = s.computed, count = part.count;
      prompt_tokens += std::max<int64_t>(0, std::min(prompt, from + count) - from);
      tokens += count;
      kv_tokens += from + count;
      attended += count * from + count * (count + 1) / 2;
      s.computed += count;
      ++s.in_flight;
      if (part.row < 0) continue;
      s.tokens.push_back(Sequence::kPending);
      if (moved) s.row = part.row;
    }
    stats.prompt_tokens += prompt_tokens;
    stats.size.tokens += tokens;
    stats.size.kv_tokens += kv_tokens;
    stats.size.attended += attended;
    stats.size.seqs += int64_t(batch.size());
    stats.size.rows += int64_t(f.rows.size());
  }

  void collect(Flight& f) {
    const auto before = Sequence::Clock::now();
    stats.device_seconds += runner.wait(f);
    const auto arrived = Sequence::Clock::now();
    stats.wait_seconds += milliseconds(arrived - before) / 1e3;
    for (size_t i = 0; f.logits && i < f.rows.size(); ++i)
      if (!f.rows[i].sequence->done) take_logits(f.rows[i], f.logits + int64_t(i) * vocab);
    // Nobody goes before the step is through with him, whomever a callback cancels.
    for (const Scheduled& part : f.scheduled) {
      Sequence& s = *part.sequence;
      if (part.row >= 0 && !s.done) {
        const int32_t id = f.token_ids[part.row];
        if (id < 0 || id >= vocab || (f.logits && !std::isfinite(f.logits[part.row * vocab + id])))
          not_finite(s, id);
        FinishReason reason;
        if (accept(s, id, arrived, reason)) finish(&s, reason);
      } else if (s.score && s.to_compute() == 0 && !s.done) {
        finish(&s, FinishReason::kStop);
      }
      --s.in_flight;
    }
    std::erase_if(done, [](const auto& s) { return s->in_flight == 0; });
  }

  [[noreturn]] static void not_finite(const Sequence& s, int32_t id) {
    throw Error(Code::kCheckFailed,
                fmt::format("request '{}': the model's logits at position {} are not finite (token "
                            "{}); `--layers validate` names the first node that writes such values",
                            s.request.id, s.prompt_len() + s.accepted - 1, id));
  }
};

CausalLm::CausalLm(std::unique_ptr<Impl> i) : impl_(std::move(i)) {}
CausalLm::~CausalLm() = default;

std::unique_ptr<CausalLm> CausalLm::build(const Catalog& catalog,
                                          std::shared_ptr<WeightStore> weights,
                                          const std::string& task, const Json& init,
                                          BuildOptions build, EngineOptions options,
                                          TextOptions text) {
  const Registry& registry = catalog.registry();
  causal_task(registry, task);
  const EngineOptions given = options;
  options = fill_options(registry, task, init, options, build.device);
  build.dims = engine_dims(options);
  if (!build.on) build.on = Device::open(build.device);
  BuildOptions dry = build;
  dry.dry = true;
  dry.policy = {};
  dry.replay = nullptr;
  dry.layers = {};
  const auto outline = Model::build(catalog, nullptr, task, init, dry);
  CacheKinds caches = cache_kinds(registry, outline->plan());
  if (caches.kv && !given.num_blocks && !build.on->is_cpu()) {
    options.num_blocks =
        blocks_that_fit(*build.on, outline->plan(), options,
                        vocab_of(outline->task(), outline->init()), given.max_model_len != 0);
    build.dims = engine_dims(options);
  }
  const int64_t longest = options.max_model_len;  // as far as the model goes
  if (caches.kv)
    options.max_model_len =
        std::min(options.max_model_len, options.num_blocks * options.block_size);
  if (caches.kv && options.max_model_len == std::numeric_limits<int32_t>::max()) {
    bad_input(
        "task '{}' has no max_position_embeddings to size its KV cache by; give max_model_len",
        task);
  }
  // Pins of the sampler belong to a tree of its own.
  BuildOptions sampler = build;
  std::erase_if(build.policy.pins, [](const Pin& p) { return p.task == "sample"; });
  std::erase_if(sampler.policy.pins, [](const Pin& p) { return p.task != "sample"; });
  auto model = Model::build(catalog, std::move(weights), task, init, build);
  return std::unique_ptr<CausalLm>(new CausalLm(std::make_unique<Impl>(
      catalog, sampler, options, longest, std::move(text), caches, std::move(model))));
}

int64_t CausalLm::add(Request r) {
  impl_->check(r);
  auto s = impl_->make_sequence(std::move(r));
  int64_t handle = s->handle;
  impl_->scheduler.add(std::move(s));
  return handle;
}

bool CausalLm::step() { return impl_->step(); }
void CausalLm::run() {
  while (step()) {}
}

void CausalLm::cancel(int64_t handle) {
  if (Sequence* s = impl_->scheduler.find(handle)) impl_->finish(s, FinishReason::kCancelled);
}

std::vector<Completion> CausalLm::take_finished() { return std::exchange(impl_->finished, {}); }
const CausalLm::Stats& CausalLm::stats() const { return impl_->stats; }
const EngineOptions& CausalLm::options() const { return impl_->options; }
int64_t CausalLm::vocab_size() const { return impl_->vocab; }
int64_t CausalLm::context() const { return impl_->options.max_model_len; }
Model& CausalLm::model() { return *impl_->model; }
const Model& CausalLm::sampler() const { return impl_->runner.sampler(); }

}  // namespace fk::core
