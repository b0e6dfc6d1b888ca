// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/rig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/engine/encoder_engine.hpp"
#include "core/judge/cases/numbers.hpp"

namespace fk::resolver {
namespace {

using Clock = std::chrono::steady_clock;
using core::Phase;
using core::search::PerPhase;

constexpr int64_t kChunk = 12, kOneByOne = 12;  // positions whose logits are compared
constexpr size_t kAnswers = 16;

double seconds(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

// Ids without special ones as far as anybody can know, the same for every rig.
std::vector<std::vector<int32_t>> texts(const Workload& w, int64_t vocab) {
  cases::Random random(2605);
  std::vector<std::vector<int32_t>> out(static_cast<size_t>(w.batch));
  const int64_t first = std::min<int64_t>(vocab / 4, 1000);
  for (auto& text : out)
    for (int64_t i = 0; i < w.prompt; ++i)
      text.push_back(int32_t(first + random.below(vocab - first)));
  return out;
}

class LmRig : public Rig {
 public:
  LmRig(const Subject& s, const core::BuildOptions& build, const Workload& w) : workload_(w) {
    core::EngineOptions o = s.engine;
    const int64_t block = o.block_size ? o.block_size : 16;
    const int64_t length = std::max(w.prompt + w.tokens + 1, kChunk + kOneByOne);
    o.max_model_len = length;
    o.max_num_seqs = w.batch;
    o.num_blocks = w.batch * ((length + block - 1) / block) + 1;
    o.max_num_batched_tokens = std::max(w.batch * w.prompt, kChunk + kOneByOne);
    lm_ = core::CausalLm::build(s.catalog, s.weights, s.assets.config.model, s.assets.init, build,
                                o, {});
    texts_ = texts(w, lm_->vocab_size());
  }

  PerPhase round() override {
    std::vector<Clock::time_point> first(texts_.size()), last(texts_.size());
    const auto start = Clock::now();
    for (size_t i = 0; i < texts_.size(); ++i) {
      core::Request r;
      r.prompt = texts_[i];
      r.sampling.max_tokens = workload_.tokens + 1;
      r.sampling.ignore_eos = true;
      r.on_token = [&, i](const core::TokenEvent& e) {
        if (e.done) return;
        last[i] = Clock::now();
        if (first[i] == Clock::time_point()) first[i] = last[i];
      };
      lm_->add(std::move(r));
    }
    lm_->run();
    lm_->take_finished();
    const auto started = *std::max_element(first.begin(), first.end());
    PerPhase out{};
    out[size_t(Phase::kPrefill)] = seconds(start, started);
    if (workload_.tokens)
      out[size_t(Phase::kDecode)] =
          seconds(started, *std::max_element(last.begin(), last.end())) / double(workload_.tokens);
    return out;
  }

  Logits logits(bool whole) override {
    Logits out;
    core::Request r;
    for (int64_t i = 0; i < kChunk + kOneByOne; ++i)
      r.prompt.push_back(texts_[0][size_t(i) % texts_[0].size()]);
    r.score = true;
    if (!whole) r.in_chunks = kChunk;
    r.on_logits = [&](int64_t, std::span<const float> row) {
      out.emplace_back(row.begin(), row.end());
    };
    lm_->add(std::move(r));
    lm_->run();
    lm_->take_finished();
    return out;
  }

  Logits answers() override {
    for (size_t i = 0; i < texts_.size(); ++i) {
      core::Request r;
      r.prompt = texts_[i];
      r.sampling.max_tokens = 1;
      r.sampling.ignore_eos = true;
      if (i < kAnswers) r.top_logits = int(lm_->vocab_size());
      lm_->add(std::move(r));
    }
    lm_->run();
    auto finished = lm_->take_finished();  // in any order
    std::sort(finished.begin(), finished.end(),
              [](const auto& a, const auto& b) { return a.handle < b.handle; });
    Logits out;
    for (size_t i = 0; i < std::min(kAnswers, finished.size()); ++i) {
      std::vector<float>& row = out.emplace_back(size_t(lm_->vocab_size()), NAN);
      for (const auto& [id, logit] : finished[i].top_logits) row[size_t(id)] = logit;
    }
    return out;
  }

  double nll(const std::vector<int32_t>& text) override {
    core::Request r;
    r.prompt = text;
    r.score = true;
    lm_->add(std::move(r));
    lm_->run();
    return lm_->take_finished().at(0).nll;
  }

  Logits embed(const std::vector<std::vector<int32_t>>&) override {
    core::bad_input("a language model gives no embeddings");
  }

  const core::Plan& plan() const override { return lm_->model().plan(); }

 private:
  Workload workload_;
  std::unique_ptr<core::CausalLm> lm_;
  std::vector<std::vector<int32_t>> texts_;
};

class EncoderRig : public Rig {
 public:
  EncoderRig(const Subject& s, const core::BuildOptions& build, const Workload& w) {
    core::EngineOptions o = s.assets.config.options;
    o.enforce_eager = s.engine.enforce_eager;
    o.max_num_seqs = std::max(o.max_num_seqs, w.batch);
    o.max_num_batched_tokens = std::max(o.max_num_batched_tokens, w.batch * w.prompt);
    engine_ = core::EncoderEngine::build(s.catalog, s.weights, s.assets.config.model, s.assets.init,
                                         build, o);
    const int64_t vocab = engine_->model().init().to_json().value("vocab_size", int64_t{1000});
    texts_ = texts(w, vocab);
    short_.assign(texts_.begin(), texts_.begin() + std::min<int64_t>(4, w.batch));
    for (auto& text : short_) text.resize(std::min<size_t>(text.size(), size_t(kChunk)));
  }
  PerPhase round() override {
    PerPhase out{};
    const auto start = Clock::now();
    engine_->embed(texts_);
    out[size_t(Phase::kPrefill)] = seconds(start, Clock::now());
    return out;
  }
  Logits logits(bool) override { return engine_->embed(short_); }
  Logits answers() override {
    Logits all = engine_->embed(texts_);
    if (all.size() > kAnswers) all.resize(kAnswers);
    return all;
  }
  double nll(const std::vector<int32_t>&) override {
    core::bad_input("an encoder gives a text no likelihood");
  }
  Logits embed(const std::vector<std::vector<int32_t>>& texts) override {
    return engine_->embed(texts);
  }
  const core::Plan& plan() const override { return engine_->model().plan(); }

 private:
  std::unique_ptr<core::EncoderEngine> engine_;
  std::vector<std::vector<int32_t>> texts_, short_;
};

std::unique_ptr<Rig> build_rig(const Subject& s, const core::BuildOptions& build,
                               const Workload& w) {
  if (s.is_encoder()) return std::make_unique<EncoderRig>(s, build, w);
  return std::make_unique<LmRig>(s, build, w);
}

}  // namespace

std::string Workload::text() const { return fmt::format("{}x{}/{}", batch, prompt, tokens); }

Workload Workload::parse(const std::string& text) {
  Workload w;
  int used = 0;
  const int read =
      std::sscanf(text.c_str(), "%ldx%ld/%ld%n", &w.batch, &w.prompt, &w.tokens, &used);
  if (read != 3 || size_t(used) != text.size() || w.batch < 1 || w.prompt < 1 || w.tokens < 0 ||
      w.batch > 4096 || w.prompt > 1 << 20 || w.tokens > 1 << 16)
    core::bad_input("workload \"{}\": expected BATCHxPROMPT/NEW, tokens each request, e.g. 1x64/16",
                    text);
  return w;
}

PerPhase steps_of(const Workload& w, bool encoder) {
  PerPhase out{};
  out[size_t(Phase::kPrefill)] = 1;
  out[size_t(Phase::kDecode)] = encoder ? 0 : double(w.tokens);
  return out;
}

std::unique_ptr<Rig> make_rig(const Subject& s, const core::Policy& policy, const Workload& w,
                              const core::LayerOptions& layers) {
  core::BuildOptions build = s.build;
  build.policy = policy;
  build.layers = layers;
  build.replay = nullptr;
  Subject subject = s;
  subject.engine.enforce_eager = s.engine.enforce_eager || layers.capture;  // a graph hides calls
  return build_rig(subject, build, w);
}

std::unique_ptr<Rig> make_rig(const Subject& s, const core::Plan& plan, const Workload& w) {
  core::BuildOptions build = s.build;
  build.policy = {};
  build.layers = {};
  build.replay = std::make_shared<core::Plan>(plan);
  return build_rig(s, build, w);
}

std::unique_ptr<Rig> make_reference_rig(const Subject& s, const Workload& w) {
  core::BuildOptions build = s.build;
  build.layers = {};
  build.replay = nullptr;
  if (s.build.device.type == FK_CPU) {
    build.policy = core::Policy::parse("candidate:reference");
  } else {
    build.policy = {};
    build.dtype = {FK_FLOAT, 32, 1};
  }
  core::Assets assets = s.assets;
  if (assets.init.contains("dtype")) assets.init["dtype"] = core::dtype_name(build.dtype);
  Subject eager{s.catalog, assets, build, s.engine, s.weights};
  eager.engine.enforce_eager = true;
  return build_rig(eager, build, w);
}

}  // namespace fk::resolver
