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
using core::search::PerPhase;
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
// A trial ends when so many rounds, one of which a busy machine may spoil, all give less.
constexpr size_t kHopelessRounds = 2;
constexpr double kHopeless = 0.5;
// What luck of one build does not come to, and of two: two builds of one model on a card differed
// by up to 1.2 %, one process in twenty on a CPU is 2 to 5 % off.
constexpr double kLuck[] = {0.05, 0.02};
constexpr size_t kLeastBuilds = 3;  // that say what luck comes to
// Rounds of milliseconds are many: something else that the machine does spoils a row of them.
constexpr size_t kMostRounds = 40;

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

// Each build is one draw of luck, however many its rounds are: Student's interval over the builds'
// medians. Too few are drawn again as rounds of one.
judge::Interval interval_of(const std::vector<std::vector<double>>& builds, uint64_t draw) {
  if (builds.size() < kLeastBuilds) return judge::ratio_interval(builds, draw);
  const auto n = double(builds.size());
  std::vector<double> medians;
  double mean = 0, squares = 0;
  for (const auto& rounds : builds) mean += medians.emplace_back(median(rounds)) / n;
  for (const double m : medians) squares += (m - mean) * (m - mean);
  const double half = judge::student(builds.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return {std::exp(mean - half), std::exp(mean), std::exp(mean + half)};
}

Gain of_builds(const std::vector<std::vector<Gain::Sample>>& builds, const PerPhase& steps,
               uint64_t draw) {
  Gain out;
  out.has_decode = steps[size_t(Phase::kDecode)] > 0;
  out.samples = builds;
  std::vector<std::vector<double>> prefill, decode, whole;
  std::vector<double> seconds[4];
  for (const auto& samples : builds) {
    prefill.emplace_back(), decode.emplace_back(), whole.emplace_back();
    for (const Gain::Sample& t : samples) {
      prefill.back().push_back(std::log(t[0] / t[1]));
      decode.back().push_back(std::log(t[2] / t[3]));
      whole.back().push_back(
          std::log((steps[0] * t[0] + steps[1] * t[2]) / (steps[0] * t[1] + steps[1] * t[3])));
      for (size_t i = 0; i < t.size(); ++i) seconds[i].push_back(t[i]);
      ++out.rounds;
    }
  }
  out.prefill = interval_of(prefill, draw);
  if (out.has_decode) out.decode = interval_of(decode, draw);
  out.whole = interval_of(whole, draw);
  out.first = {median(seconds[0]), median(seconds[2])};
  out.second = {median(seconds[1]), median(seconds[3])};
  return out;
}

}  // namespace

std::string Agreement::text() const {
  return fmt::format("mean error {:.3g} of {:.3g} allowed, largest {:.3g} of {:.3g}, against {}",
                     mean_error, mean_bound, worst_error, worst_bound, against);
}

Proof::Proof(const Subject& s, const Workload& w, fs::path cache)
    : subject_(s), workload_(w), cache_(std::move(cache)) {
  core::Policy policy = s.build.policy;
  policy.kind = core::Policy::Kind::kBaseline;
  baseline_ = side(policy);
  baseline_.get();
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
  for (const core::ParamUse& p : baseline_.rig->plan().params) bytes += p.bytes;
  const Logits own = baseline_.rig->logits();
  if (has_reference(subject_, bytes)) {
    right_ = reference_answers(subject_, workload_, cache_, "", [](Rig& r) { return r.logits(); });
    own_.against = subject_.build.device.type == FK_CPU ? "the reference" : "the model in float32";
    const Errors e = errors(own, right_);
    own_.mean_bound = e.mean, own_.worst_bound = e.worst;
  } else {
    right_ = own;
    own_.against = "the baselines, whose prefill and decode differ as much";
    const Errors e = errors(own, baseline_.rig->logits(true));
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
  if (answers_.empty()) answers_ = baseline_.rig->answers();
  Agreement a = own_;
  const Errors e = errors(rig.answers(), answers_);
  a.mean_error = e.mean, a.worst_error = e.worst;
  a.mean_bound = a.worst_bound;
  a.against = "the baselines, after the workload's prompts";
  a.ok = e.worst <= a.worst_bound;
  return a;
}

Gain Proof::trial(Side& first, Side& second, Rounds rounds) {
  rounds.hopeless = kHopeless;
  return gain(first, second, rounds);
}

Gain in_turn(Side& first, Side& second, const PerPhase& steps, const Rounds& rounds, uint64_t& draw,
             const std::function<void(const Gain&)>& each) {
  Side* const sides[] = {&first, &second};
  std::vector<std::vector<Gain::Sample>> builds;
  const auto begin = Clock::now();
  while (true) {
    // Over the old one, so that it does not come to lie there, and what both read stays.
    const bool backwards = builds.size() % 2;
    for (const size_t i : {size_t(backwards), size_t(!backwards)})
      if (!builds.empty() || !sides[i]->rig) sides[i]->rig = sides[i]->build();
    for (Side* side : sides) side->rig->round();  // warm
    std::vector<Gain::Sample>& samples = builds.emplace_back();
    double measured = 0;
    while (samples.size() < rounds.least ||
           (samples.size() < kMostRounds && measured < rounds.seconds)) {
      Gain::Sample t{};
      const size_t leads = (draw++ * 0x9E3779B97F4A7C15u) >> 63;
      for (const size_t side : {leads, 1 - leads}) {
        const PerPhase seconds = sides[side]->rig->round();
        t[side] = seconds[0], t[2 + side] = seconds[1];
        measured += steps[0] * seconds[0] + steps[1] * seconds[1];
      }
      samples.push_back(t);
      if (rounds.hopeless <= 0 || builds.size() > 1 || samples.size() != kHopelessRounds) continue;
      Gain out = of_builds(builds, steps, draw);
      out.given_up = out.of(rounds.phase).high < rounds.hopeless;
      if (out.given_up) return out;
    }
    Gain out = of_builds(builds, steps, draw);
    if (each) each(out);
    const judge::Interval seen = out.of(rounds.phase);
    const double luck = builds.size() < kLeastBuilds ? kLuck[builds.size() - 1] : 0;
    const bool loses = seen.high < 1 - luck, decided = loses || seen.low > 1 + luck;
    const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
    if ((rounds.certain && decided) || (rounds.hopeless > 0 && loses) ||
        (rounds.hurried && spent >= rounds.budget) || builds.size() >= rounds.most ||
        (builds.size() >= rounds.builds &&
         (spent >= rounds.budget || (seen.high - seen.low) / 2 <= rounds.half_width)))
      return out;
  }
}

}  // namespace fk::resolver
