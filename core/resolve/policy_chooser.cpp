// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/policy_chooser.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

int rank(const Implementation& i, bool composites_first) {
  if (i.kind == Implementation::Kind::kReference) return 3;
  if (i.impl->flags & FK_IMPL_COMPOSITE) return composites_first ? -1 : 2;
  return i.plugin == "cpu" ? 0 : 1;
}

std::string where(const Pin& pin) { return fmt::format("pin \"{}\"", pin.text); }

}  // namespace

std::vector<const Implementation*> baselines(const Catalog& catalog, std::string_view task,
                                             bool composites_first, Phase phase) {
  std::vector<const Implementation*> out = catalog.implementations(task);
  std::erase_if(
      out, [](const Implementation* i) { return i->kind == Implementation::Kind::kCandidate; });
  std::stable_sort(out.begin(), out.end(), [&](const Implementation* a, const Implementation* b) {
    const int x = rank(*a, composites_first), y = rank(*b, composites_first);
    return x != y ? x < y : a->plugin < b->plugin;
  });
  const std::vector<std::string>* first = catalog.order().find(task, phase);
  if (!first || composites_first) return out;
  const auto place = [&](const Implementation* i) {
    for (size_t k = 0; k < first->size(); ++k)
      if (Selector::parse((*first)[k]).matches(*i)) return k;
    return first->size();
  };
  std::stable_sort(out.begin(), out.end(), [&](const Implementation* a, const Implementation* b) {
    return place(a) < place(b);
  });
  return out;
}

PolicyChooser::PolicyChooser(const Catalog& catalog, const Policy& policy)
    : catalog_(catalog), policy_(policy), used_(policy.pins.size()) {
  for (const Pin& pin : policy.pins) {
    if (!catalog.registry().find(pin.task)) {
      std::vector<std::string> names;
      for (const auto& [name, spec] : catalog.registry().tasks()) names.push_back(name);
      bad_input("{}: no task \"{}\"{}", where(pin), pin.task, did_you_mean(pin.task, names));
    }
    select(catalog, pin.task, Selector::parse(pin.implementation), where(pin));
  }
  if (policy.kind != Policy::Kind::kCandidate) return;
  const Selector s = Selector::parse(policy.candidate);
  std::vector<std::string> names;
  for (const auto& [name, spec] : catalog.registry().tasks())
    for (const Implementation* i : catalog.implementations(name)) {
      if (s.matches(*i)) return;
      if (i->kind == Implementation::Kind::kCandidate) names.push_back(i->plugin);
    }
  std::string text =
      fmt::format("policy \"candidate:{}\": no implementation of any task is called that{}",
                  policy.candidate, did_you_mean(policy.candidate, names));
  for (const Refusal& r : catalog.refusals())
    if (r.plugin == s.plugin) text += fmt::format("\n  refused: {}: {}", r.file, r.reason);
  throw Error(Code::kBadInput, text);
}

const Pin* PolicyChooser::pin_for(const Request& request) {
  const Pin* best = nullptr;
  for (size_t i = 0; i < policy_.pins.size(); ++i) {
    const Pin& pin = policy_.pins[i];
    if (pin.task != request.task->name || (pin.phase && *pin.phase != request.phase) ||
        (!pin.path.empty() && !glob_match(pin.path, request.path)))
      continue;
    used_[i] = true;
    if (!best || best->path.empty() || !pin.path.empty()) best = &pin;
  }
  return best;
}

// Instances are told apart by the order in which they were first asked about.
const Resolved::Chosen* PolicyChooser::resolved_for(const Request& request) {
  if (policy_.kind != Policy::Kind::kBest || !policy_.resolved) return nullptr;
  const Resolved::Key key{request.task->name, std::string(request.init_text)};
  const auto sub = policy_.resolved->subs.find(key);
  if (sub == policy_.resolved->subs.end()) return nullptr;
  std::vector<std::string>& served = served_[key];
  const auto at = std::find(served.begin(), served.end(), request.path);
  auto index = int64_t(at - served.begin());
  if (at == served.end()) served.push_back(request.path);
  for (const Resolved::Chosen& c : sub->second) {
    if (c.instances == 0 || index < c.instances) return &c;
    index -= c.instances;
  }
  return nullptr;
}

std::vector<Chooser::Option> PolicyChooser::order(const Request& request) {
  const std::string& task = request.task->name;
  seen_.insert({task, request.path});
  std::vector<Option> out;
  if (const Pin* pin = pin_for(request)) {
    for (const Implementation* i :
         select(catalog_, task, Selector::parse(pin->implementation), where(*pin)))
      out.push_back({i, fmt::format("pinned: {}", pin->text)});
    return out;
  }
  if (policy_.kind == Policy::Kind::kCandidate) {
    const Selector s = Selector::parse(policy_.candidate);
    for (const Implementation* i : catalog_.implementations(task))
      if (s.matches(*i)) {
        out.push_back({i, fmt::format("policy candidate:{}", policy_.candidate)});
        candidate_used_ = true;
      }
  }
  if (const Resolved::Chosen* chosen = resolved_for(request)) {
    const bool decode = request.phase == Phase::kDecode && !chosen->decode.empty();
    for (const Implementation* i : catalog_.implementations(task))
      if (i->id() == (decode ? chosen->decode : chosen->implementation) &&
          i->hash == (decode ? chosen->decode_hash : chosen->hash))
        out.push_back({i, decode ? chosen->decode_reason : chosen->reason});
  }
  const std::vector<const Implementation*> order = baselines(catalog_, task, false, request.phase);
  for (size_t i = 0; i < order.size(); ++i) {
    std::vector<std::string> later;
    for (size_t j = i + 1; j < order.size(); ++j)
      if (order[j]->plugin != order[i]->plugin &&
          (later.empty() || later.back() != order[j]->plugin))
        later.push_back(order[j]->plugin);
    const char* first = i == 0 ? "first" : "next supported";
    out.push_back({order[i], order.size() == 1 ? "only baseline"
                             : later.empty()   ? fmt::format("{} baseline", first)
                                               : fmt::format("{} baseline (before {})", first,
                                                             fmt::join(later, ", "))});
  }
  return out;
}

bool PolicyChooser::has_phases(std::string_view task) const {
  for (const Pin& pin : policy_.pins)
    if (pin.task == task && pin.phase) return true;
  if (policy_.kind == Policy::Kind::kBest && policy_.resolved)
    for (const auto& [key, entries] : policy_.resolved->subs)
      if (key.first == task) return true;
  return catalog_.order().find(task, Phase::kDecode) ||
         catalog_.order().find(task, Phase::kPrefill);
}

void PolicyChooser::check_all_used() const {
  for (size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const Pin& pin = policy_.pins[i];
    std::vector<std::string> paths;
    for (const auto& [task, path] : seen_)
      if (task == pin.task) paths.push_back(path);
    if (paths.empty()) bad_input("{}: the tree has no node of task {}", where(pin), pin.task);
    constexpr size_t kShown = 4;
    const size_t shown = std::min(paths.size(), kShown);
    bad_input("{}: no node of task {} has a path like \"{}\"{}; they stand at {}{}", where(pin),
              pin.task, pin.path, did_you_mean(pin.path, paths),
              fmt::join(paths.begin(), paths.begin() + std::ptrdiff_t(shown), ", "),
              paths.size() > shown ? fmt::format(" and {} more", paths.size() - shown) : "");
  }
  if (policy_.kind == Policy::Kind::kCandidate && !candidate_used_)
    bad_input("policy \"candidate:{}\": the tree has no node of a task that it implements",
              policy_.candidate);
}

}  // namespace fk::core
