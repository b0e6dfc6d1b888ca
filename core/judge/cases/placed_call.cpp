// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/placed_call.hpp"

#include <cstring>

namespace fk::cases {
namespace {

// NaN equals NaN.
bool same_values(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

}  // namespace

PlacedCall::PlacedCall(core::Model& model, const Call& call, fk_dtype dtype)
    : call_(call), args_(core::StructValue::args(model.task())) {
  const auto on_device = [&](auto& list, HostTensor& t) {
    return list.emplace_back(std::make_unique<Mirror>(model.device(), t))->get();
  };
  for (const Argument& a : call.args) {
    HostTensor& t =
        *tensors_.emplace_back(std::make_unique<HostTensor>(a.in(dtype), a.shape, a.gap));
    t.set(a.values);
    given_.push_back(a.written ? std::vector<double>() : t.values());
    args_.set(a.field->name, on_device(mirrors_, t));
  }
  if (!call.step) return;
  for (Step::Named& named : call.step->tensors)
    call.step->value.set(named.name, named.name.ends_with("_host")
                                         ? named.tensor->get()
                                         : on_device(step_mirrors_, *named.tensor));
}

void PlacedCall::read(Outcome& outcome) {
  for (auto& m : mirrors_) m->fetch();
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const std::string name = call_.label + call_.args[i].field->name;
    const auto now = tensors_[i]->values();
    if (!tensors_[i]->gaps_untouched()) outcome.overwritten.push_back(name);
    if (call_.args[i].written)
      outcome.tensors[name] = now;
    else if (!same_values(now, given_[i]))
      outcome.overwritten.push_back(name);
  }
}

}  // namespace fk::cases
