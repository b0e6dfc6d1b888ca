// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/ring.hpp"

#include <algorithm>
#include <cstring>

#include "core/judge/max_difference.hpp"

namespace fk::judge {

using cases::Argument;

namespace {

// Windows into so many elements more than a tensor has: one that was seen hardly comes again.
constexpr size_t kMoreElements = 1 << 16;

size_t elements(const std::vector<int64_t>& shape) {
  size_t n = 1;
  for (int64_t d : shape) n *= size_t(d);
  return n;
}

// Values that are no one's to choose: where a token stands in its sequence.
bool is_fixed(const Argument& a, bool has_step) { return has_step && a.field->name == "positions"; }

}  // namespace

void Ring::add(Tensor t) {
  const size_t e = core::dtype_bytes(t.at.dtype);
  t.at.strides.assign(t.at.shape.size(), 1);
  for (size_t i = t.at.shape.size(); i-- > 1;)
    t.at.strides[i - 1] = t.at.strides[i] * t.at.shape[i];
  t.bytes = elements(t.at.shape) * e;
  t.at.in = where(t.written, t.step ? t.step->name : "");
  t.at.offset = packers_.of(t.at.in).place(t.bytes);
  tensors_.push_back(std::move(t));
}

Ring::Ring(const cases::Problem& p, size_t bytes, size_t most_slots, uint64_t seed,
           fk_device device)
    : problem_(p), random_(seed) {
  const cases::Call& call = p.calls.at(0);
  for (const Argument& a : call.args) {
    Tensor t{&a, nullptr, {}, 0, a.written, {}, {}};
    t.at.name = a.field->name;
    t.at.dtype = a.dtype;
    t.at.shape = a.shape;
    add(std::move(t));
  }
  if (call.step)
    for (const auto& named : call.step->tensors) {
      const fk_tensor* head = named.tensor->get();
      Tensor t{nullptr, &named, {}, 0, false, {}, {}};
      t.at.name = named.name;
      t.at.dtype = head->dtype;
      t.at.shape.assign(head->shape, head->shape + head->ndim);
      add(std::move(t));
    }
  const size_t one = std::max<size_t>(1, packers_.inputs.size() + 2 * packers_.outputs.size());
  slots_ = std::clamp<size_t>(bytes / one, 2, most_slots);
  for (Tensor& t : tensors_) {
    t.at.step = packers_.of(t.at.in).size();
    if (!t.arg || !t.arg->input) continue;
    const size_t count = elements(t.at.shape), e = core::dtype_bytes(t.at.dtype);
    const size_t whole = is_fixed(*t.arg, bool(call.step)) ? count : 3 * count + kMoreElements;
    t.pool.resize(whole * e);
    t.drawn.resize(slots_);
    // The same numbers in another order: any window of them is as good an input.
    std::vector<double> values;
    for (size_t i = 0; i < whole; ++i)
      values.push_back(count == 0  ? 0
                       : i < count ? t.arg->values[i]
                                   : t.arg->values[size_t(random_.below(int64_t(count)))]);
    cases::with_format(t.at.dtype, [&](auto format) {
      for (size_t i = 0; i < whole; ++i) format.write(t.pool.data() + i * e, values[i]);
    });
  }
  inputs_ = Region::create(packers_.inputs.size() * slots_, Region::Access::kReadOnly, "fk-inputs",
                           device);
  for (Region& r : outputs_)
    r = Region::create(packers_.outputs.size() * slots_, Region::Access::kReadWrite, "fk-outputs",
                       device);
  host_ = Region::create(packers_.host.size() * slots_, Region::Access::kReadOnly, "fk-host");
  for (const Tensor& t : tensors_)
    for (size_t s = 0; !t.arg && s < slots_; ++s)
      std::memcpy(address(t, s, kCandidate), t.step->tensor->data(), t.bytes);
  inputs_.push();
}

Json Ring::message(Side) const {
  Json call = {{"args", Json::array()}, {"step", Json::array()}, {"sizes", Json::object()}};
  for (const Tensor& t : tensors_) call[t.arg ? "args" : "step"].push_back(t.at.to_json());
  if (problem_.calls[0].step)
    for (const auto& [name, size] : problem_.calls[0].step->sizes) call["sizes"][name] = size;
  return {{"op", "place"},
          {"inputs", packers_.inputs.size() * slots_},
          {"outputs", packers_.outputs.size() * slots_},
          {"host", packers_.host.size() * slots_},
          {"slots", slots_},
          {"calls", Json::array({call})}};
}

void Ring::redraw(const std::vector<size_t>& slots) {
  for (size_t s : slots) {
    for (Tensor& t : tensors_) {
      if (!t.arg) continue;
      if (!t.arg->input) {  // NaN in every float format, -1 as an integer
        for (Side side : {kCandidate, kBaseline}) std::memset(address(t, s, side), 0xff, t.bytes);
        continue;
      }
      const size_t e = core::dtype_bytes(t.at.dtype);
      const int64_t room = int64_t((t.pool.size() - t.bytes) / e);
      t.drawn[s] = size_t(random_.below(room + 1)) * e;
      const uint8_t* from = t.pool.data() + t.drawn[s];
      std::memcpy(address(t, s, kCandidate), from, t.bytes);
      if (t.written) std::memcpy(address(t, s, kBaseline), from, t.bytes);
    }
    inputs_.push(s * packers_.inputs.size(), packers_.inputs.size());
    for (const Region& r : outputs_) r.push(s * packers_.outputs.size(), packers_.outputs.size());
  }
}

Json Ring::poison() const {
  Json out = Json::array();
  for (const Tensor& t : tensors_)
    if (t.arg && t.written && !t.arg->input)
      out.push_back({{"offset", t.at.offset}, {"step", t.at.step}, {"bytes", t.bytes}});
  return out;
}

void Ring::fetch(const std::vector<size_t>& slots) const {
  for (size_t s : slots)
    for (const Region& r : outputs_) r.pull(s * packers_.outputs.size(), packers_.outputs.size());
}

cases::Problem Ring::problem(const core::Registry& registry, size_t slot) const {
  cases::Problem p = cases::Problem::make(registry, *problem_.task, *problem_.given);
  for (Argument& a : p.calls.at(0).args)
    for (const Tensor& t : tensors_) {
      if (t.at.name != a.field->name || !t.arg || !a.input) continue;
      const size_t e = core::dtype_bytes(t.at.dtype);
      const uint8_t* from = t.pool.data() + t.drawn[slot];  // the call may have changed the slot
      for (size_t i = 0; i < a.values.size(); ++i)
        a.values[i] = cases::read(from + i * e, t.at.dtype);
    }
  return p;
}

cases::Outcome Ring::outcome(Side side, size_t slot) const {
  cases::Outcome out;
  for (const Tensor& t : tensors_) {
    if (!t.written) continue;
    auto& values = out.tensors[t.at.name];
    const size_t e = core::dtype_bytes(t.at.dtype);
    for (size_t i = 0; i < t.bytes / e; ++i)
      values.push_back(cases::read(address(t, slot, side) + i * e, t.at.dtype));
  }
  return out;
}

std::string Ring::difference(const std::vector<size_t>& slots) const {
  for (const Tensor& t : tensors_) {
    if (!t.written) continue;
    const auto bound = bounds_.find(t.at.name);
    const double allowed = bound == bounds_.end() ? 0 : bound->second;
    for (size_t s : slots) {
      const double d = max_difference(address(t, s, kCandidate), address(t, s, kBaseline),
                                      t.bytes / core::dtype_bytes(t.at.dtype), t.at.dtype);
      if (!(d <= allowed))
        return fmt::format(
            "{} of a timed call differs by {:.4g} from the baseline's, allowed {:.4g}", t.at.name,
            d, allowed);
    }
  }
  return "";
}

}  // namespace fk::judge
