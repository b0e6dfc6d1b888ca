// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/ring.hpp"

#include <algorithm>
#include <cstring>

namespace fk::judge {

using cases::Argument;

namespace {

// Windows into so many elements more than a tensor has: one that was seen hardly comes again.
constexpr size_t kMoreElements = 1 << 17;
// Elements of a tensor whose numbers are put in another order one by one.
constexpr size_t kShuffledSingly = 1 << 22;
// Where a window may begin, in bytes: what a card copies at once.
constexpr size_t kGrain = 16;

size_t elements(const std::vector<int64_t>& shape) {
  size_t n = 1;
  for (int64_t d : shape) n *= size_t(d);
  return n;
}

bool is_positions(const Argument& a) { return a.field->name == "positions"; }
// Values that are no one's to choose: where a token stands in its sequence.
bool is_fixed(const Argument& a, bool has_step) { return has_step && is_positions(a); }

// Of as many blocks or slots as the host chose: it outlives the step.
bool is_cache(const Argument& a) {
  for (const core::Expr& e : a.field->tensor.shape)
    for (const std::string& name : e.names())
      if (name == "num_blocks" || name == "num_slots") return true;
  return false;
}

// Rounds of one call and of two say little of what a call costs: a card, which has the memory,
// takes some more even where each of them is large.
size_t least_slots(size_t bytes_of_one, fk_device device) {
  constexpr size_t kLeast = 2, kOnACard = 16, kMostBytes = size_t{3} << 30;
  if (device.type == FK_CPU) return kLeast;
  return std::clamp(kMostBytes / bytes_of_one, kLeast, kOnACard);
}

}  // namespace

std::vector<const Argument*> fed_arguments(const cases::Call& call) {
  std::vector<const Argument*> out;
  size_t bytes = 0;
  for (const Argument& a : call.args) {
    const size_t own = elements(a.shape) * core::dtype_bytes(a.dtype);
    if (!a.input || own == 0 || is_positions(a) || is_cache(a)) continue;
    out.push_back(&a);
    bytes += own;
  }
  if (out.size() > Feed::kMost || bytes > Feed::kMostBytes) out.clear();
  return out;
}

void Ring::add(Tensor t) {
  const size_t e = core::dtype_bytes(t.at.dtype);
  t.at.strides.assign(t.at.shape.size(), 1);
  for (size_t i = t.at.shape.size(); i-- > 1;)
    t.at.strides[i - 1] = t.at.strides[i] * t.at.shape[i];
  t.bytes = elements(t.at.shape) * e;
  t.at.in = where(t.written || t.fed, t.step ? t.step->name : "");
  t.at.offset = packers_.of(t.at.in).place(t.bytes);
  if (t.fed) t.staged.offset = packers_.inputs.place(t.bytes);
  tensors_.push_back(std::move(t));
}

Ring::Ring(const cases::Problem& p, size_t bytes, size_t most_slots, uint64_t seed,
           fk_device device, bool chained)
    : problem_(p), random_(seed) {
  const cases::Call& call = p.calls.at(0);
  const auto fed = chained ? fed_arguments(call) : std::vector<const Argument*>();
  for (const Argument& a : call.args) {
    Tensor t{&a, nullptr, {}, 0, a.written, {}, {}};
    t.at.name = a.field->name;
    t.at.dtype = a.dtype;
    t.at.shape = a.shape;
    t.fed = std::ranges::find(fed, &a) != fed.end();
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
  slots_ = std::clamp<size_t>(bytes / one, least_slots(one, device), most_slots);
  Packer pools;
  for (Tensor& t : tensors_) {
    t.at.step = packers_.of(t.at.in).size();
    t.staged.step = packers_.inputs.size();
    if (t.arg && !t.arg->input) continue;
    const size_t e = core::dtype_bytes(t.at.dtype);
    if (t.arg && !is_fixed(*t.arg, bool(call.step)))
      t.room = (2 * t.bytes + kMoreElements * e) / kGrain * kGrain;
    t.pool = pools.place(t.bytes + t.room);
    t.drawn.assign(slots_, t.pool);
  }
  using Access = Region::Access;
  inputs_ = Region::create(packers_.inputs.size() * slots_, Access::kReadOnly, "fk-inputs", device);
  for (Region& r : outputs_)
    r = Region::create(packers_.outputs.size() * slots_, Access::kReadWrite, "fk-outputs", device);
  host_ = Region::create(packers_.host.size() * slots_, Access::kReadOnly, "fk-host");
  pool_ = Region::create(pools.size(), Access::kReadOnly, "fk-pool", device);
  bulk_ = Bulk::open(device);
  fill_pool();
  place_steps();
}

void Ring::fill_pool() {
  for (const Tensor& t : tensors_) {
    uint8_t* const to = pool_.data() + t.pool;
    if (!t.arg) std::memcpy(to, t.step->tensor->data(), t.bytes);
    if (!t.arg || !t.arg->input) continue;
    const size_t e = core::dtype_bytes(t.at.dtype), count = t.bytes / e;
    cases::write(to, t.at.dtype, t.arg->values);
    // The same numbers in another order: one by one, but a hundred million would take seconds.
    const size_t most = count < kShuffledSingly ? 1 : 64, end = (t.bytes + t.room) / e;
    for (size_t at = count, n; count > 0 && at < end; at += n) {
      n = std::min(most, end - at);
      std::memcpy(to + at * e, to + size_t(random_.below(int64_t(count - n + 1))) * e, n * e);
    }
  }
  pool_.push();
}

// What a step says is the same in every slot.
void Ring::place_steps() {
  std::vector<Bulk::Copy> copies;
  for (const Tensor& t : tensors_)
    for (size_t s = 0; !t.arg && s < slots_; ++s) {
      if (t.at.in == Placement::In::kHost)
        std::memcpy(address(t, s, kCandidate), pool_.data() + t.pool, t.bytes);
      else
        copies.push_back({on_device(t, s, kCandidate), pool_.on_device() + t.pool, t.bytes});
    }
  bulk_->copy(copies);
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
  std::vector<Bulk::Copy> copies;
  for (size_t s : slots)
    for (Tensor& t : tensors_) {
      if (!t.arg) continue;
      const uint8_t* from = nullptr;
      if (t.arg->input) {
        t.drawn[s] = t.pool + size_t(random_.below(int64_t(t.room / kGrain + 1))) * kGrain;
        from = pool_.on_device() + t.drawn[s];
      }
      copies.push_back({on_device(t, s, kCandidate), from, t.bytes});
      if (t.each_sides_own()) copies.push_back({on_device(t, s, kBaseline), from, t.bytes});
      if (t.fed) copies.push_back({inputs_.on_device() + t.staged.of(s), from, t.bytes});
    }
  bulk_->copy(copies);
}

void Ring::place(size_t slot, const cases::Call& call) {
  for (const Argument& a : call.args)
    for (const Tensor& t : tensors_) {
      if (!t.arg || t.at.name != a.field->name || !a.input) continue;
      for (Side side : {kCandidate, kBaseline}) {
        if (side == kBaseline && !t.each_sides_own()) continue;
        cases::write(address(t, slot, side), t.at.dtype, a.values);
        region(t, side).push(t.at.offset + slot * t.at.step, t.bytes);
      }
      if (!t.fed) continue;
      cases::write(inputs_.data() + t.staged.of(slot), t.at.dtype, a.values);
      inputs_.push(t.staged.of(slot), t.bytes);
    }
}

Json Ring::poison() const {
  Json out = Json::array();
  for (const Tensor& t : tensors_)
    if (t.arg && t.written && !t.arg->input)
      out.push_back({{"offset", t.at.offset}, {"step", t.at.step}, {"bytes", t.bytes}});
  return out;
}

Json Ring::feed() const {
  Json out = Json::array();
  for (const Tensor& t : tensors_)
    if (t.fed) out.push_back(Feed{t.staged, {t.at.offset, t.at.step}, t.bytes}.to_json());
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
      // The call may have changed the slot.
      cases::read(pool_.data() + t.drawn[slot], t.at.dtype, a.values);
    }
  return p;
}

cases::Outcome Ring::outcome(Side side, size_t slot) const {
  cases::Outcome out;
  for (const Tensor& t : tensors_) {
    if (!t.written) continue;
    auto& values = out.tensors[t.at.name];
    values.resize(t.bytes / core::dtype_bytes(t.at.dtype));
    cases::read(address(t, slot, side), t.at.dtype, values);
  }
  return out;
}

std::string Ring::difference(const std::vector<size_t>& slots) const {
  std::vector<Bulk::Pair> pairs;
  std::vector<const Tensor*> of;
  for (const Tensor& t : tensors_)
    for (size_t s : slots) {
      if (!t.each_sides_own()) continue;
      pairs.push_back({on_device(t, s, kCandidate), on_device(t, s, kBaseline),
                       t.bytes / core::dtype_bytes(t.at.dtype), t.at.dtype});
      of.push_back(&t);
    }
  const std::vector<double> found = bulk_->differences(pairs);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto bound = bounds_.find(of[i]->at.name);
    const double allowed = bound == bounds_.end() ? 0 : bound->second;
    if (!(found[i] <= allowed))
      return fmt::format(
          "{}{} of a timed call differs by {:.4g} from the baseline's, allowed {:.4g}",
          of[i]->at.name, of[i]->written ? "" : ", an input,", found[i], allowed);
  }
  return "";
}

}  // namespace fk::judge
