// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/device/device.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"

namespace fk::resolver {
namespace fs = std::filesystem;
namespace {

using core::Phase;
using Clock = std::chrono::steady_clock;

// Weights that the reference gets through in seconds.
constexpr size_t kReferenceBytes = size_t{1} << 30;

// Whether the right answer can be had: on a card beside the model that is proven, in float32.
bool has_reference(const Subject& s, size_t weight_bytes) {
  if (s.build.device.type == FK_CPU) return weight_bytes <= kReferenceBytes || s.is_encoder();
  const auto device = core::Device::open(s.build.device);
  const size_t wide = weight_bytes * 4 / core::dtype_bytes(s.build.dtype);
  return wide + 2 * weight_bytes < device->memory().free;
}
constexpr double kOwnErrors = 2;
constexpr size_t kLeastCertain = 6;
// A trial ends when so many rounds, one of which a busy machine may spoil, all give less.
constexpr size_t kHopelessRounds = 2;
constexpr double kHopeless = 0.9;

struct Errors {
  double mean = 0, worst = 0;
};

Errors errors(const Logits& a, const Logits& b) {
  Errors e;
  if (a.size() != b.size() || a.empty()) return {INFINITY, INFINITY};
  for (size_t i = 0; i < a.size(); ++i) {
    double row = a[i].size() == b[i].size() ? 0 : INFINITY;
    for (size_t k = 0; k < a[i].size() && std::isfinite(row); ++k) {
      const double d = std::abs(double(a[i][k]) - double(b[i][k]));
      row = d <= row ? row : d;  // NaN gets through
    }
    if (!(row < INFINITY)) return {INFINITY, INFINITY};
    e.mean += row / double(a.size());
    e.worst = std::max(e.worst, row);
  }
  return e;
}

double largest(const Logits& rows) {
  double m = 0;
  for (const auto& row : rows)
    for (float v : row) m = std::max(m, std::abs(double(v)));
  return m;
}

// Of the largest number: what roundings in another order may add up to in a deep model where the
// baselines' own error says nothing, because they are the reference.
double rounding(fk_dtype t) {
  if (t.bits >= 32) return 256 * 0x1p-24;
  return 4 * (t.code == FK_BFLOAT ? 0x1p-9 : 0x1p-12);
}

double median(std::vector<double> v) { return judge::quantile(std::move(v), 0.5); }

}  // namespace

std::string Agreement::text() const {
  return fmt::format("mean error {:.3g} of {:.3g} allowed, largest {:.3g} of {:.3g}, against {}",
                     mean_error, mean_bound, worst_error, worst_bound, against);
}

Proof::Proof(const Subject& s, const Workload& w, fs::path cache)
    : subject_(s), workload_(w), cache_(std::move(cache)) {
  core::Policy policy = s.build.policy;
  policy.kind = core::Policy::Kind::kBaseline;
  baseline_ = build(policy);
}
Proof::~Proof() = default;

Logits reference_answers(const Subject& subject, const Workload& workload, const fs::path& cache,
                         const std::string& what, const std::function<Logits(Rig&)>& ask) {
  core::ContentHash h;
  const auto reference = subject.catalog.implementations("linear");
  for (const core::Implementation* i : reference)
    if (i->kind == core::Implementation::Kind::kReference) h.add(std::string_view(i->hash));
  std::error_code ignored;
  h.add(std::string_view(subject.assets.config.model));
  h.add(std::string_view(subject.assets.init.dump()));
  h.add(std::string_view(subject.assets.weights_text));
  h.add(std::string_view(workload.text()));
  if (const fk_device d = subject.build.device; d.type != FK_CPU)
    h.add(std::string_view(core::Device::open(d)->name()));
  if (!what.empty()) h.add(std::string_view(what));
  const fs::path weights = subject.assets.config.weights.path;
  if (fs::is_regular_file(weights, ignored))
    h.add(std::string_view(
        fmt::format("{} {}", fs::file_size(weights, ignored),
                    fs::last_write_time(weights, ignored).time_since_epoch().count())));
  const fs::path file = cache / ("logits-" + h.hex());
  if (std::ifstream in(file, std::ios::binary); in) {
    uint64_t rows = 0, width = 0;
    in.read(reinterpret_cast<char*>(&rows), 8).read(reinterpret_cast<char*>(&width), 8);
    if (in && rows < 4096 && width < 1 << 24) {
      Logits out(rows, std::vector<float>(width));
      for (auto& row : out)
        in.read(reinterpret_cast<char*>(row.data()), std::streamsize(width * sizeof(float)));
      if (in) return out;
    }
  }
  Logits out = ask(*make_reference_rig(subject, workload));
  const uint64_t head[] = {out.size(), out.empty() ? 0 : out[0].size()};
  std::vector<uint8_t> bytes(sizeof head);
  std::memcpy(bytes.data(), head, sizeof head);
  for (const auto& row : out) {
    const auto* p = reinterpret_cast<const uint8_t*>(row.data());
    bytes.insert(bytes.end(), p, p + row.size() * sizeof(float));
  }
  fs::create_directories(cache, ignored);
  core::write_atomically(file, bytes);
  return out;
}

void Proof::find_bounds() {
  size_t bytes = 0;
  for (const core::ParamUse& p : baseline_->plan().params) bytes += p.bytes;
  const Logits own = baseline_->logits();
  if (has_reference(subject_, bytes)) {
    right_ = reference_answers(subject_, workload_, cache_, "", [](Rig& r) { return r.logits(); });
    own_.against = subject_.build.device.type == FK_CPU ? "the reference" : "the model in float32";
    const Errors e = errors(own, right_);
    own_.mean_bound = e.mean, own_.worst_bound = e.worst;
  } else {
    right_ = own;
    own_.against = "the baselines, whose prefill and decode differ as much";
    const Errors e = errors(own, baseline_->logits(true));
    own_.mean_bound = e.mean, own_.worst_bound = e.worst;
  }
  const double floor = rounding(subject_.build.dtype) * largest(right_);
  own_.mean_bound = kOwnErrors * own_.mean_bound + floor;
  own_.worst_bound = kOwnErrors * own_.worst_bound + floor;
}

Agreement Proof::agrees(Rig& rig) {
  if (right_.empty()) find_bounds();
  Agreement a = own_;
  const Errors e = errors(rig.logits(), right_);
  a.mean_error = e.mean, a.worst_error = e.worst;
  a.ok = e.mean <= a.mean_bound && e.worst <= a.worst_bound;
  return a;
}

// A few rows, or one, have no mean worth a bound of its own.
Agreement Proof::agrees_on_prompts(Rig& rig) {
  if (right_.empty()) find_bounds();
  if (answers_.empty()) answers_ = baseline_->answers();
  Agreement a = own_;
  const Errors e = errors(rig.answers(), answers_);
  a.mean_error = e.mean, a.worst_error = e.worst;
  a.mean_bound = a.worst_bound;
  a.against = "the baselines, after the workload's prompts";
  a.ok = e.worst <= a.worst_bound;
  return a;
}

Gain Proof::trial(Rig& first, Rig& second, std::optional<Phase> phase, double half_width,
                  double budget) {
  return in_turn(
      first, second, steps_of(workload_, subject_.is_encoder()),
      {.phase = phase, .half_width = half_width, .budget = budget, .hopeless = kHopeless}, draws_);
}

Gain in_turn(Rig& first, Rig& second, const core::search::PerPhase& steps, const Rounds& rounds,
             uint64_t& draw) {
  Gain out;
  out.has_decode = steps[size_t(Phase::kDecode)] > 0;
  Rig* const rigs[] = {&first, &second};
  std::vector<double> logs[3], seconds[2][2];  // logs: prefill, decode, whole
  // Of `rounds.phase`.
  const auto& watched = logs[!rounds.phase ? 2 : *rounds.phase == Phase::kDecode ? 1 : 0];
  for (Rig* rig : rigs) rig->round();  // warm
  const auto begin = Clock::now();
  for (bool go_on = true; go_on;) {
    core::search::PerPhase t[2];
    const size_t leads = (draw++ * 0x9E3779B97F4A7C15u) >> 63;
    for (size_t side : {leads, 1 - leads}) t[side] = rigs[side]->round();
    double whole[2] = {0, 0};
    for (size_t side : {0, 1})
      for (size_t phase : {0, 1}) {
        whole[side] += steps[phase] * t[side][phase];
        seconds[side][phase].push_back(t[side][phase]);
      }
    logs[0].push_back(std::log(t[0][0] / t[1][0]));
    if (out.has_decode) logs[1].push_back(std::log(t[0][1] / t[1][1]));
    logs[2].push_back(std::log(whole[0] / whole[1]));
    out.samples.push_back({t[0][0], t[1][0], t[0][1], t[1][1]});
    ++out.rounds;
    if (out.rounds == kHopelessRounds &&
        *std::max_element(watched.begin(), watched.end()) < std::log(rounds.hopeless)) {
      out.given_up = true;
      break;
    }
    if (out.rounds < (rounds.certain ? std::min(kLeastCertain, rounds.least) : rounds.least))
      continue;
    const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
    const judge::Interval seen = judge::ratio_interval({watched}, draw);
    if (rounds.certain && (seen.low > 1 || seen.high < 1)) break;
    if (out.rounds < rounds.least) continue;
    if (rounds.hopeless > 0 && seen.high < 1) break;
    go_on = spent < rounds.budget && (seen.high - seen.low) / 2 > rounds.half_width;
  }
  out.whole = judge::ratio_interval({logs[2]}, draw);
  out.prefill = judge::ratio_interval({logs[0]}, draw);
  if (out.has_decode) out.decode = judge::ratio_interval({logs[1]}, draw);
  for (size_t phase : {0, 1}) {
    out.first[phase] = median(seconds[0][phase]);
    out.second[phase] = median(seconds[1][phase]);
  }
  return out;
}

}  // namespace fk::resolver
