// SPDX-License-Identifier: Apache-2.0
#include "core/judge/call_memory.hpp"

#include <fmt/format.h>

#include <cstring>

namespace fk::judge {

using cases::Argument;
using cases::HostTensor;

namespace {

// With gaps as in the master, so that row i of both lies at the same place.
HostTensor empty_like(const Argument& a, uint8_t pattern) {
  return HostTensor(a.dtype, a.shape, a.gap, pattern);
}

}  // namespace

// NaN in every float format, and a number in every one: what reads past a tensor shows.
uint8_t CallMemory::pattern(size_t slot) { return slot % 2 == 0 ? HostTensor::kPattern : 0xff; }

void CallMemory::add(Tensor t, const HostTensor& like) {
  const fk_tensor* head = like.get();
  t.at.dtype = head->dtype;
  t.at.shape.assign(head->shape, head->shape + head->ndim);
  t.at.strides.assign(head->strides, head->strides + head->ndim);
  t.at.in = where(t.written, t.step ? t.step->name : "");
  t.bytes = like.memory_bytes();
  t.at.offset = packers_.of(t.at.in).place(t.bytes);
  tensors_.push_back(std::move(t));
}

CallMemory::CallMemory(const cases::Problem& p, size_t slots, fk_device device)
    : problem_(p), slots_(slots) {
  for (size_t c = 0; c < p.calls.size(); ++c) {
    for (const Argument& a : p.calls[c].args) {
      Tensor t{c, &a, nullptr, {}, 0, a.written};
      t.at.name = a.field->name;
      add(std::move(t), empty_like(a, 0));
    }
    if (p.calls[c].step)
      for (const auto& named : p.calls[c].step->tensors) {
        Tensor t{c, nullptr, &named, {}, 0, false};
        t.at.name = named.name;
        add(std::move(t), *named.tensor);
      }
  }
  for (Tensor& t : tensors_) t.at.step = packers_.of(t.at.in).size();
  regions_.inputs = Region::create(packers_.inputs.size() * slots, Region::Access::kReadOnly,
                                   "fk-inputs", device);
  regions_.outputs = Region::create(packers_.outputs.size() * slots, Region::Access::kReadWrite,
                                    "fk-outputs", device);
  regions_.host =
      Region::create(packers_.host.size() * slots, Region::Access::kReadOnly, "fk-host");
  masters_.resize(slots);
}

uint8_t* CallMemory::address(const Tensor& t, size_t slot) const {
  return regions_.of(t.at.in).data() + t.at.offset + slot * t.at.step;
}

Json CallMemory::message() const {
  Json calls = Json::array();
  for (const cases::Call& call : problem_.calls) {
    Json sizes = Json::object();
    if (call.step)
      for (const auto& [name, size] : call.step->sizes) sizes[name] = size;
    calls.push_back({{"args", Json::array()}, {"step", Json::array()}, {"sizes", sizes}});
  }
  for (const Tensor& t : tensors_) calls[t.call][t.arg ? "args" : "step"].push_back(t.at.to_json());
  return {{"op", "place"},
          {"inputs", packers_.inputs.size() * slots_},
          {"outputs", packers_.outputs.size() * slots_},
          {"host", packers_.host.size() * slots_},
          {"slots", slots_},
          {"calls", calls}};
}

void CallMemory::write(size_t slot, const cases::Problem& p) {
  std::vector<const Argument*> args;  // of p, in the order of ours
  for (const cases::Call& call : p.calls)
    for (const Argument& a : call.args) args.push_back(&a);
  auto next = args.begin();
  masters_[slot].clear();
  for (const Tensor& t : tensors_) {
    if (t.arg) {
      auto m = std::make_unique<HostTensor>(t.at.dtype, t.at.shape, t.arg->gap, pattern(slot));
      m->set((*next++)->values);
      std::memcpy(address(t, slot), m->data(), t.bytes);
      masters_[slot].push_back(std::move(m));
    } else {
      std::memcpy(address(t, slot), t.step->tensor->data(), t.bytes);
      masters_[slot].push_back(nullptr);
    }
  }
  regions_.inputs.push(slot * packers_.inputs.size(), packers_.inputs.size());
  regions_.outputs.push(slot * packers_.outputs.size(), packers_.outputs.size());
}

cases::Outcome CallMemory::read(size_t slot) const {
  cases::Outcome out;
  regions_.inputs.pull(slot * packers_.inputs.size(), packers_.inputs.size());
  regions_.outputs.pull(slot * packers_.outputs.size(), packers_.outputs.size());
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& t = tensors_[i];
    const std::string name = problem_.calls[t.call].label + t.at.name;
    const HostTensor* master = t.arg ? masters_[slot][i].get() : t.step->tensor.get();
    if (!t.written) {
      if (std::memcmp(address(t, slot), master->data(), t.bytes) != 0)
        out.overwritten.push_back(name);
      continue;
    }
    HostTensor found(t.at.dtype, t.at.shape, t.arg->gap, pattern(slot));
    std::memcpy(found.data(), address(t, slot), t.bytes);
    if (!found.gaps_untouched()) out.overwritten.push_back(name);
    out.tensors[name] = found.values();
  }
  return out;
}

StateMemory::StateMemory(const std::vector<core::StateUse>& states, fk_device device)
    : states_(states), bulk_(Bulk::open(device)) {
  Packer packer;
  for (const core::StateUse& s : states) {
    offsets_.push_back(packer.place(s.bytes));
    places_[s.path] = offsets_.back();
  }
  bytes_ = packer.size();
  region_ = Region::create(bytes_, Region::Access::kReadWrite, "fk-states", device);
}

void StateMemory::read(cases::Outcome& out) const {
  region_.pull();
  for (size_t i = 0; i < states_.size(); ++i) {
    const fk_dtype t = states_[i].dtype;
    std::vector<double>& values = out.tensors[name_of(states_[i])];
    values.resize(states_[i].bytes / core::dtype_bytes(t));
    cases::read(region_.data() + offsets_[i], t, values);
  }
}

void StateMemory::clear() const { region_.clear(); }

std::string StateMemory::difference(const StateMemory& other,
                                    const std::map<std::string, double>& bounds) const {
  std::vector<Bulk::Pair> pairs;
  for (size_t i = 0; i < states_.size(); ++i)
    pairs.push_back({region_.on_device() + offsets_[i],
                     other.region_.on_device() + other.offsets_[i],
                     states_[i].bytes / core::dtype_bytes(states_[i].dtype), states_[i].dtype});
  const std::vector<double> found = bulk_->differences(pairs);
  for (size_t i = 0; i < states_.size(); ++i) {
    const auto bound = bounds.find(name_of(states_[i]));
    const double allowed = bound == bounds.end() ? 0 : bound->second;
    if (!(found[i] <= allowed))
      return fmt::format(
          "{} after timed calls differs by {:.4g} from the baseline's, allowed {:.4g}",
          name_of(states_[i]), found[i], allowed);
  }
  return "";
}

WeightMemory::WeightMemory(const cases::RandomWeights& weights) {
  Packer packer;
  std::vector<std::pair<size_t, const HostTensor*>> tensors;
  weights.for_each([&](const core::ParamRequest& r, const HostTensor& t) {
    Placement p;
    p.name = r.path;
    p.offset = packer.place(t.memory_bytes());
    p.dtype = r.dtype;
    p.shape = r.shape;
    params_.push_back(p.to_json());
    tensors.emplace_back(p.offset, &t);
  });
  bytes_ = packer.size();
  region_ = Region::create(bytes_, Region::Access::kReadOnly, "fk-weights");
  for (const auto& [offset, t] : tensors)
    std::memcpy(region_.data() + offset, t->data(), t->memory_bytes());
}

}  // namespace fk::judge
