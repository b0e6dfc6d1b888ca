// SPDX-License-Identifier: Apache-2.0
#include "core/engine/workload_runner.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

using Clock = std::chrono::steady_clock;
using Times = std::vector<Clock::time_point>;

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

// When each request arrives, from the start on: at once, or at random with `rate` a second.
std::vector<double> arrivals(int64_t requests, double rate, std::mt19937_64& random) {
  std::vector<double> out(size_t(requests), 0.0);
  if (rate <= 0) return out;
  double at = 0;
  for (double& t : out) {
    t = at;
    at -= std::log1p(-double(random() >> 11) * 0x1p-53) / rate;
  }
  return out;
}

// Whose tokens came when, one behind the other: the callback is part of a step's host time, and
// with a list for every request it would wait for memory as long as the engine does.
struct Arrivals {
  std::vector<int32_t> request;                              // of every token
  std::vector<std::pair<Clock::time_point, size_t>> events;  // of every step, with its last token
  std::optional<Clock::time_point> now;                      // of the step that is running

  explicit Arrivals(size_t tokens) : request(tokens) { request.clear(); }  // its pages are there
  void token(int32_t of) {
    // All tokens of a step are there at once, so one look at the clock does for them.
    if (!now) now = Clock::now();
    request.push_back(of);
  }
  void end_step() {
    if (now) events.emplace_back(*now, request.size());
    now.reset();
  }
  std::vector<Times> by_request(int64_t requests) const {
    std::vector<Times> out{size_t(requests)};
    size_t i = 0;
    for (const auto& [at, end] : events)
      for (; i < end; ++i) out[size_t(request[i])].push_back(at);
    return out;
  }
};

void add_latencies(const Times& tokens, Clock::time_point arrived, BatchTime& out) {
  if (tokens.empty()) return;
  out.ttft_ms.push_back(seconds(tokens[0] - arrived) * 1e3);
  for (size_t i = 1; i < tokens.size(); ++i)
    out.itl_ms.push_back(seconds(tokens[i] - tokens[i - 1]) * 1e3);
}

}  // namespace

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = q * double(values.size() - 1);
  const size_t low = size_t(at), high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - double(low)) * (values[high] - values[low]);
}

double WorkloadResult::median_seconds(const std::vector<BatchTime>& batches) const {
  std::vector<double> s;
  for (const BatchTime& b : batches) s.push_back(b.seconds);
  return quantile(s, 0.5);
}

double WorkloadResult::seconds_per_step() const {
  return (median_seconds(runs) - median_seconds(fewer)) / double(workload.tokens - workload.fewer);
}

WorkloadRunner::WorkloadRunner(CausalLm& lm, const Registry& registry, fk_dtype run_dtype,
                               Options options)
    : lm_(lm),
      costs_(registry, lm.model().plan(), run_dtype),
      kv_cache_(cache_kinds(registry, lm.model().plan()).kv),
      options_(std::move(options)),
      random_(options_.seed) {}

std::optional<std::string> WorkloadRunner::refusal(const Workload& w) const {
  const EngineOptions& o = lm_.options();
  const int64_t length = w.prompt + w.tokens;
  if (length > lm_.context())
    return fmt::format("needs a context of {} tokens, the engine has {}", length, lm_.context());
  if (w.kind != Workload::Kind::kSteps) return std::nullopt;
  if (w.requests > o.max_num_seqs)
    return fmt::format("needs {} sequences at once, max_num_seqs is {}", w.requests,
                       o.max_num_seqs);
  const int64_t blocks = w.requests * ((length + o.block_size - 1) / o.block_size);
  if (kv_cache_ && blocks > o.num_blocks)
    return fmt::format("needs {} blocks of KV cache, there are {}", blocks, o.num_blocks);
  return std::nullopt;
}

std::vector<int32_t> WorkloadRunner::random_prompt(int64_t tokens) {
  std::vector<int32_t> ids(size_t(tokens), 0);
  const auto vocab = uint64_t(lm_.vocab_size());
  for (int32_t& id : ids) id = int32_t((random_() >> 32) * vocab >> 32);
  return ids;
}

void WorkloadRunner::warm_up() {
  const bool cpu = lm_.model().device()->is_cpu();  // with nothing that is chosen on first use
  const int64_t requests = cpu ? 1 : std::min<int64_t>(256, lm_.options().max_num_seqs);
  const int64_t tokens = std::clamp<int64_t>(lm_.context() / 2, 1, cpu ? 4 : 32);
  batch(requests, std::clamp<int64_t>(lm_.context() - tokens, 1, cpu ? 16 : 512), tokens);
}

WorkloadResult WorkloadRunner::run(const Workload& w) {
  if (auto reason = refusal(w)) bad_input("workload {}: {}", w.text, *reason);
  WorkloadResult result{w, {}, {}};
  const double rate = w.kind == Workload::Kind::kLatency ? options_.rate : 0;
  if (w.warm) batch(w.requests, w.prompt, w.tokens, rate);
  for (int i = 0; i < w.repeats; ++i) {
    if (w.fewer) result.fewer.push_back(batch(w.requests, w.prompt, w.fewer, rate));
    result.runs.push_back(batch(w.requests, w.prompt, w.tokens, rate));
  }
  return result;
}

BatchTime WorkloadRunner::batch(int64_t requests, int64_t prompt, int64_t tokens, double rate) {
  std::vector<Request> waiting;
  Arrivals arrived(size_t(requests * tokens));
  std::vector<StepSize> steps;
  std::vector<double> host_us;
  host_us.reserve(size_t(tokens));
  steps.reserve(size_t(tokens + requests * (prompt / lm_.options().max_num_batched_tokens + 1)));
  for (int64_t i = 0; i < requests; ++i) {
    Request r;
    r.id = std::to_string(i);
    r.prompt = random_prompt(prompt);
    r.sampling.max_tokens = tokens;
    r.sampling.ignore_eos = true;
    r.on_token = [&arrived, i = int32_t(i)](const TokenEvent& e) {
      if (!e.done) arrived.token(i);
    };
    waiting.push_back(std::move(r));
  }
  const std::vector<double> due = arrivals(requests, rate, random_);
  const CausalLm::Stats before = lm_.stats();
  const double expected = double(requests) * double(prompt + tokens);

  const auto start = Clock::now();
  StepSize last = before.size;
  for (size_t next = 0;;) {
    const double now = seconds(Clock::now() - start);
    for (; next < waiting.size() && due[next] <= now; ++next) lm_.add(std::move(waiting[next]));
    const double in_engine = lm_.stats().seconds, waiting_for = lm_.stats().wait_seconds;
    const bool any = lm_.step();
    arrived.end_step();
    if (!any) {
      if (next == waiting.size()) break;
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                std::chrono::duration<double>(due[next])));
      continue;
    }
    const CausalLm::Stats& s = lm_.stats();
    if (s.size.tokens != last.tokens) {
      steps.push_back(s.size - last);
      if (steps.back().tokens == requests && steps.back().seqs == requests)
        host_us.push_back(1e6 * (s.seconds - in_engine - (s.wait_seconds - waiting_for)));
    }
    last = s.size;
    if (options_.progress)
      options_.progress(double(s.prompt_tokens - before.prompt_tokens + s.generated_tokens -
                               before.generated_tokens) /
                        expected);
  }

  BatchTime out;
  out.new_tokens = tokens;
  out.decode_host_us = std::move(host_us);
  out.seconds = seconds(Clock::now() - start);
  const CausalLm::Stats& after = lm_.stats();
  out.steps = after.steps - before.steps;
  out.preemptions = after.preemptions - before.preemptions;
  out.prompt_tokens = after.prompt_tokens - before.prompt_tokens;
  out.generated_tokens = after.generated_tokens - before.generated_tokens;
  out.step_seconds = after.seconds - before.seconds;
  out.wait_seconds = after.wait_seconds - before.wait_seconds;
  out.device_seconds = after.device_seconds - before.device_seconds;
  for (const Completion& c : lm_.take_finished())
    if (int64_t(c.tokens.size()) != tokens)
      throw Error(Code::kCheckFailed,
                  fmt::format("request {} got {} of {} new tokens", c.id, c.tokens.size(), tokens));
  const std::vector<Times> times = arrived.by_request(requests);
  for (size_t i = 0; i < times.size(); ++i)
    add_latencies(
        times[i],
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due[i])),
        out);
  add_cost(steps, out);
  return out;
}

void WorkloadRunner::add_cost(const std::vector<StepSize>& steps, BatchTime& out) const {
  const Roofline& r = options_.roofline;
  for (const StepSize& s : steps) {
    const StepCost c = costs_.of(s);
    out.cost += c;
    out.roof_seconds += std::max(r.bytes_per_s > 0 ? c.bytes / r.bytes_per_s : 0,
                                 r.flops_per_s > 0 ? c.flops / r.flops_per_s : 0);
  }
}

}  // namespace fk::core
