// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/calls.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/cases/captured_cases.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/runtime/capture_file.hpp"

namespace fk::resolver {
namespace fs = std::filesystem;
namespace {

constexpr int kRounds = 4;
constexpr double kCovered = 0.95;  // of a captured sub-problem's time

// Of contexts that a power of two separates there are several: the one that took longest.
std::vector<Call> representatives(const std::vector<core::CapturedCall>& all) {
  std::vector<Call> out;
  std::vector<double> most;
  for (const core::CapturedCall& c : cases::folded(all)) {
    size_t i = 0;
    while (i < out.size() &&
           (out[i].task != c.task || out[i].init != c.init || out[i].phase != c.phase))
      ++i;
    if (i == out.size()) {
      out.push_back({c.task, c.init, c.phase, {}, 0, 0, 0});
      most.push_back(-1);
    }
    out[i].seconds += c.seconds;
    out[i].own_seconds += c.self_seconds;
    out[i].calls += c.calls;
    if (c.seconds <= most[i]) continue;
    most[i] = c.seconds;
    out[i].given = cases::case_of(c);
  }
  for (Call& c : out) {
    const auto calls = double(std::max<int64_t>(1, c.calls));
    c.seconds /= calls, c.own_seconds /= calls;
  }
  return out;
}

// Where two inits differ: "num_hidden_layers is 30, here 2".
std::string difference(const std::string& there, const std::string& here) {
  const core::Json a = core::Json::parse(there, nullptr, false),
                   b = core::Json::parse(here, nullptr, false);
  for (const auto& [name, value] : b.items())
    if (a.is_object() && a.value(name, core::Json()) != value)
      return fmt::format("{} is {}, here {}", name, a.value(name, core::Json()).dump(),
                         value.dump());
  return "its init is another";
}

bool is_same(const Call& a, const Call& b) {
  return a.task == b.task && a.init == b.init && a.phase == b.phase;
}

}  // namespace

std::vector<Call> captured_calls(const Subject& s, const fs::path& folder,
                                 const std::string& init) {
  const std::string& model = s.assets.config.model;
  const core::CaptureFile file = core::read_capture(folder, s.catalog.registry());
  const auto refuse = [&](const std::string& what) {
    core::bad_input(
        "{}/capture.json: {}; captured with {}. Way out: fk run --config {} --capture DIR, as it "
        "will run",
        folder.string(), what, file.config, s.assets.config.file);
  };
  if (file.model != model) refuse(fmt::format("calls of {}, expected of {}", file.model, model));
  if (file.device.starts_with("cpu") != (s.build.device.type == FK_CPU))
    refuse(fmt::format("calls on {}, whose shares of the time are its own, expected on {}",
                       file.device, s.build.device.type == FK_CPU ? "the CPU" : "a card"));
  bool seen = false;
  for (const core::CapturedCall& c : file.calls) {
    if (core::dtype_name(c.dtype) != core::dtype_name(s.build.dtype))
      refuse(fmt::format("calls in {}, expected in {}", core::dtype_name(c.dtype),
                         core::dtype_name(s.build.dtype)));
    if (c.task != model) continue;
    seen = true;
    if (c.init != init)
      refuse(fmt::format("calls of another {}: {}", model, difference(c.init, init)));
  }
  if (!seen) refuse("no call of " + model);
  std::vector<Call> out;
  for (const core::CapturedCall& c : cases::folded(file.calls)) {
    const auto n = double(std::max<int64_t>(1, c.calls));
    out.push_back(
        {c.task, c.init, c.phase, cases::case_of(c), c.seconds / n, c.self_seconds / n, c.calls});
  }
  // The heaviest until they cover enough; they stand for the rest, too.
  const auto total = [](const Call& c) { return c.seconds * double(c.calls); };
  std::stable_sort(out.begin(), out.end(),
                   [&](const Call& a, const Call& b) { return total(a) > total(b); });
  struct Seconds {
    double all = 0, covered = 0;
  };
  std::map<std::tuple<std::string, std::string, core::Phase>, Seconds> seconds;
  const auto of = [&](const Call& c) -> Seconds& { return seconds[{c.task, c.init, c.phase}]; };
  for (const Call& c : out) of(c).all += total(c);
  std::erase_if(out, [&](const Call& c) {
    Seconds& s = of(c);
    if (s.covered > 0 && s.covered >= kCovered * s.all) return true;
    s.covered += total(c);
    return false;
  });
  for (Call& c : out)
    if (const Seconds& s = of(c); s.covered > 0)
      c.calls = std::llround(double(c.calls) * s.all / s.covered);
  return out;
}

std::vector<Call> Calls::of(const core::Policy& policy, const core::Plan& plan) const {
  const core::Registry& registry = subject_.catalog.registry();
  core::ContentHash h;
  h.add(std::string_view(plan.hash()));
  for (const core::Choice& c : plan.choices) h.add(std::string_view(c.init));
  h.add(std::string_view(workload_.text()));
  for (const auto& [name, size] : subject_.build.dims) h.add(fmt::format("{} {}", name, size));
  const fs::path folder = cache_.empty() ? fs::path() : cache_ / ("calls-" + h.hex());
  if (!folder.empty() && fs::exists(folder / "capture.json")) {
    try {
      return representatives(core::read_capture(folder, registry).calls);
    } catch (const core::Error&) {}  // of another version
  }
  core::LayerOptions layers;
  layers.capture = std::make_shared<core::Capture>();
  const auto rig = make_rig(subject_, policy, workload_, layers);
  rig->round();  // warm-up is no part of it
  layers.capture->clear();
  rig->round();
  core::CaptureFile file;
  file.model = subject_.assets.config.model;
  file.config = subject_.assets.config.file;
  file.calls = layers.capture->calls();
  // Of so few calls a single one that the machine held up would be all that there is to see.
  std::vector<Call> best = representatives(file.calls);
  const std::vector<Call> first = best;
  for (int again = 1; again < kRounds; ++again) {
    layers.capture->clear();
    rig->round();
    for (const Call& c : representatives(layers.capture->calls()))
      for (Call& b : best)
        if (is_same(b, c)) {
          b.seconds = std::min(b.seconds, c.seconds);
          b.own_seconds = std::min(b.own_seconds, c.own_seconds);
        }
  }
  // Into the calls themselves: what is read again says the same as what is said now.
  for (core::CapturedCall& c : file.calls)
    for (size_t i = 0; i < best.size(); ++i) {
      if (best[i].task != c.task || best[i].init != c.init || best[i].phase != c.phase) continue;
      if (first[i].seconds > 0) c.seconds *= best[i].seconds / first[i].seconds;
      if (first[i].own_seconds > 0) c.self_seconds *= best[i].own_seconds / first[i].own_seconds;
    }
  if (!folder.empty()) core::write_capture(folder, file);
  return representatives(file.calls);
}

}  // namespace fk::resolver
