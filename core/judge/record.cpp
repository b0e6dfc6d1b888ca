// SPDX-License-Identifier: Apache-2.0
#include "core/judge/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fk::judge {
namespace {

// JSON has no NaN.
Json number(double v) {
  if (std::isfinite(v)) return v;
  return std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
}

}  // namespace

Json CaseResult::to_json() const {
  Json j = {{"case", name}, {"code", code}, {"seconds", seconds}};
  if (hidden) j["hidden"] = true;
  if (!track.empty()) j["track"] = track;
  if (!text.empty()) j["text"] = text;
  if (!tensor.empty() && !hidden)
    j["first_difference"] = {
        {"tensor", tensor},        {"index", index},         {"expected", number(expected)},
        {"actual", number(found)}, {"error", number(error)}, {"bound", number(bound)}};
  if (!reproduce.empty()) j["reproduce"] = reproduce;
  return j;
}

size_t CheckRecord::count(const std::string& code) const {
  return size_t(
      std::count_if(cases.begin(), cases.end(), [&](const auto& c) { return c.code == code; }));
}

bool CheckRecord::passed() const {
  return refusal.empty() && count("pass") > 0 &&
         std::none_of(cases.begin(), cases.end(), [](const auto& c) { return c.failed(); });
}

Json CheckRecord::to_json() const {
  Json j = {{"task", task},       {"implementation", implementation},
            {"version", version}, {"hash", hash},
            {"passed", passed()}, {"coverage", coverage},
            {"seconds", seconds}, {"judge_seconds", judge_seconds}};
  if (!refusal.empty()) j["refusal"] = refusal;
  j["seeds"] = seeds;
  if (seed_given) j["seed_given"] = true;
  if (!only.empty()) j["only"] = only;
  j["threads"] = threads;
  if (!device.empty()) j["device"] = device;
  j["gate"] = {{"flags", gate.flags}, {"refusals", gate.refusals}};
  j["sandbox"] = Json::array();
  for (const SandboxLayer& l : layers) {
    Json layer = {{"layer", l.name}, {"on", l.on}};
    if (!l.on) layer["why"] = l.why;
    j["sandbox"].push_back(std::move(layer));
  }
  j["cases"] = Json::array();
  for (const CaseResult& c : cases) j["cases"].push_back(c.to_json());
  return j;
}

}  // namespace fk::judge
