// SPDX-License-Identifier: Apache-2.0
#include "core/judge/runner/session.hpp"

#include <dlfcn.h>

#include <algorithm>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/runner/placed_weights.hpp"
#include "core/judge/sandbox/lock.hpp"
#include "core/judge/wire/feed.hpp"

namespace fk::judge {
namespace {

using core::Implementation;

// A tensor header over shared memory, with strides of its own.
struct View {
  std::vector<int64_t> shape, strides;
  fk_tensor tensor;
  View(const Placement& p, fk_device device, uint8_t* data) : shape(p.shape), strides(p.strides) {
    tensor = {data, device, int32_t(shape.size()), p.dtype, shape.data(), strides.data(), 0};
  }
};

Json to_json(const SandboxLayers& layers) {
  Json out = Json::array();
  for (const SandboxLayer& l : layers)
    out.push_back({{"name", l.name}, {"on", l.on}, {"why", l.why}});
  return out;
}

Json to_json(const SlotGraphs::Content& in) {
  return {{"ok", true},          {"captured", in.refused.empty()},
          {"why", in.refused},   {"kernels", in.kernels},
          {"copies", in.copies}, {"host_nodes", in.host_nodes},
          {"other", in.other}};
}

int64_t nanoseconds(Clock::time_point t) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

template <class F>
Json timed(const F& f) {
  const auto begin = Clock::now();
  const SlotGraphs::Times t = f();
  const auto end = Clock::now();
  return {{"ok", true},
          {"begin", nanoseconds(begin)},
          {"end", nanoseconds(end)},
          {"pairs", t.pairs},
          {"span", t.span},
          {"mhz", t.mhz}};
}

}  // namespace

// The arguments of one call in one slot.
struct Session::Slot {
  std::vector<std::unique_ptr<View>> views;
  std::optional<core::StructValue> args, step;
};

Session::Session(std::string steps) : steps_(std::move(steps)) { steps_.resize(3, '-'); }
Session::~Session() = default;

Json Session::serve(const Json& request, const std::vector<int>& descriptors) {
  const std::string what = request.at("op").get<std::string>();
  if (what == "hello") return hello(request);
  if (what == "load") return load(request);
  if (what == "build") return build(request, descriptors);
  if (what == "place") return place(request, descriptors);
  if (what == "run") return run(request);
  if (what == "capture") return capture(request);
  if (what == "replay") return replay(request);
  if (what == "arm") return arm(request);
  if (what == "time") return time(request);
  if (what == "hold") return hold(request);
  if (what == "finish") return finish();
  core::bad_input("a Runner knows no \"{}\"", what);
}

// The context and its threads, before calls are restricted and a plugin is opened.
void Session::open_card(int index) {
  device_ = core::Device::open({FK_CUDA, index});
#ifdef FK_HAVE_CUDA
  graphs_ = SlotGraphs::make(*device_);
#endif
}

std::string Session::broken() const { return graphs_ ? graphs_->broken() : ""; }

void Session::need_card(const char* what) const {
  if (!graphs_) core::bad_input("{}: this Runner drives no card", what);
  if (calls_.empty()) core::bad_input("{}: nothing is placed", what);
}

Json Session::hello(const Json& request) {
  threads_ = request.at("threads").get<int>();
  registry_ = std::make_unique<core::Registry>(
      core::Registry::load(request.at("registry").get<std::string>()));
  catalog_ = std::make_unique<core::Catalog>(*registry_);
  std::vector<std::filesystem::path> readable;
  for (const Json& p : request.at("readable")) readable.emplace_back(p.get<std::string>());
  SandboxLayers layers;
  const int card = request.at("cuda").get<int>();
  device_ = core::cpu_device();
  const char* kBefore[] = {"read_only_mounts", "hidden_proc", "killed_first"};
  for (size_t i = 0; i < 3; ++i)
    layers.push_back({kBefore[i], steps_[i] == '+',
                      steps_[i] == '+' ? ""
                      : steps_[i] == 'c'
                          ? "the card's driver reads it; Landlock leaves what it needs"
                          : "not permitted"});
  for (SandboxLayer& l : drop_privileges()) layers.push_back(std::move(l));
  std::vector<std::filesystem::path> devices;
  for (const Json& p : request.at("device_files")) devices.emplace_back(p.get<std::string>());
  layers.push_back(restrict_files(readable, devices));
  // Under the rules on files, which hold for threads that start after them: the driver's are where
  // host functions of a plugin run.
  if (card >= 0) open_card(card);
  pool_ = core::shared_pool(threads_);  // under the rules on files, before those on calls
  layers.push_back(limit_resources(request.at("address_space").get<size_t>(), graphs_ ? 4096 : 64));
  if (request.at("seccomp").get<bool>()) layers.push_back(restrict_calls(bool(graphs_)));
  return {{"layers", to_json(layers)}};
}

Json Session::load(const Json& request) {
  // What is open already is all that a plugin can open later. One that is not there is missed by
  // whoever needs it.
  for (const Json& library : request.at("opens"))
    dlopen(library.get<std::string>().c_str(), RTLD_NOW | RTLD_LOCAL);
  for (const Json& so : request.at("companions"))
    catalog_->add_copy(so.get<std::string>(), Implementation::Kind::kBaseline);
  if (const auto order = request.at("order").get<std::string>(); !order.empty())
    catalog_->use_order(core::BaselineOrder::read(order));
  const size_t before = catalog_->refusals().size();
  const std::string plugin = request.at("plugin").get<std::string>();
  catalog_->add_copy(plugin, request.at("baseline").get<bool>() ? Implementation::Kind::kBaseline
                                                                : Implementation::Kind::kCandidate);
  Json reply = {{"implementations", Json::array()}, {"refusals", Json::array()}};
  for (const auto& [name, task] : registry_->tasks())
    for (const Implementation* i : catalog_->implementations(name))
      if (i->file == plugin)
        reply["implementations"].push_back(
            {{"task", name},
             {"id", i->id()},
             {"version", i->version},
             {"hash", i->hash},
             {"composite", bool(i->impl->flags & FK_IMPL_COMPOSITE)}});
  for (size_t i = before; i < catalog_->refusals().size(); ++i)
    reply["refusals"].push_back(catalog_->refusals()[i].reason);
  SandboxLayers layers;
  if (request.at("seccomp").get<bool>()) layers.push_back(restrict_calls_after_load(bool(graphs_)));
  reply["layers"] = to_json(layers);
  return reply;
}

Json Session::build(const Json& request, const std::vector<int>& descriptors) {
  if (graphs_) graphs_->clear();
  calls_.clear();
  model_.reset();
  if (descriptors.size() != 2) core::bad_input("build: no memory with weights and for states");
  weights_ =
      Region::map(descriptors[0], request.at("bytes").get<size_t>(), Region::Access::kReadOnly);
  states_ = Region::map(descriptors[1], request.at("state_bytes").get<size_t>(),
                        Region::Access::kReadWrite, device_->id());
  core::BuildOptions options;
  options.device = device_->id();
  options.on = device_;
  options.state_memory = [this, places = request.at("states")](const std::string& path,
                                                               size_t bytes) -> void* {
    if (!places.contains(path))
      core::bad_input("state \"{}\": the task's reference has none of this name", path);
    const auto offset = places[path].get<size_t>();
    if (offset + bytes > states_.size())
      core::bad_input("state \"{}\": asked for larger than the task's", path);
    return states_.data() + offset;
  };
  options.dtype = *core::parse_dtype(request.at("dtype").get<std::string>());
  options.threads = threads_;
  for (const auto& [name, value] : request.at("dims").items())
    options.dims[name] = value.get<int64_t>();
  const std::string task = request.at("task").get<std::string>();
  options.policy.pins.push_back(
      core::Pin::parse(task + "=" + request.at("implementation").get<std::string>()));
  model_ =
      core::Model::build(*catalog_, std::make_shared<PlacedWeights>(request.at("params"), weights_),
                         task, request.at("init"), options);
  return {{"ok", true}, {"retained", model_->retained_bytes()}};
}

Session::Slot Session::make_slot(const Json& call, size_t slot) const {
  Slot out;
  const auto view = [&](const Json& j) {
    const Placement p = Placement::from_json(j);
    const Region& region = regions_.of(p.in);
    const fk_device on = p.in == Placement::In::kHost ? fk_device{FK_CPU, 0} : device_->id();
    return &out.views
                .emplace_back(
                    std::make_unique<View>(p, on, region.data() + p.offset + slot * p.step))
                ->tensor;
  };
  const core::TaskSpec& task = model_->task();
  out.args = core::StructValue::args(task);
  for (const Json& j : call.at("args")) out.args->set(j.at("name").get<std::string>(), view(j));
  if (task.step.empty()) return out;
  out.step = core::StructValue::step(registry_->struct_spec(task.step));
  for (const auto& [name, value] : call.at("sizes").items())
    out.step->set(name, value.get<int64_t>());
  for (const Json& j : call.at("step")) out.step->set(j.at("name").get<std::string>(), view(j));
  return out;
}

Json Session::place(const Json& request, const std::vector<int>& descriptors) {
  if (!model_) core::bad_input("place: nothing is built");
  if (descriptors.size() != 3) core::bad_input("place: no memory of the calls");
  if (graphs_) graphs_->clear();
  calls_.clear();
  const fk_device on = device_->id();
  regions_.inputs = Region::map(descriptors[0], request.at("inputs").get<size_t>(),
                                Region::Access::kReadOnly, on);
  regions_.outputs = Region::map(descriptors[1], request.at("outputs").get<size_t>(),
                                 Region::Access::kReadWrite, on);
  regions_.host =
      Region::map(descriptors[2], request.at("host").get<size_t>(), Region::Access::kReadOnly);
  for (const Json& call : request.at("calls")) {
    calls_.emplace_back();
    for (size_t s = 0; s < request.at("slots").get<size_t>(); ++s)
      calls_.back().push_back(make_slot(call, s));
  }
  return {{"ok", true}};
}

Json Session::run(const Json& request) {
  if (calls_.empty()) core::bad_input("run: nothing is placed");
  const size_t call = request.at("call").get<size_t>();
  std::vector<Slot*> order;
  for (const Json& s : request.at("slots")) order.push_back(&calls_.at(call).at(s.get<size_t>()));
  const auto begin = Clock::now();
  for (Slot* s : order) model_->run(s->step ? s->step->data() : nullptr, s->args->data());
  device_->synchronize();
  const auto end = Clock::now();
  return {{"ok", true}, {"begin", nanoseconds(begin)}, {"end", nanoseconds(end)}};
}

// Prepared as an engine does before it captures.
SlotGraphs::Content Session::recorded(
    size_t call, size_t slot,
    const std::function<SlotGraphs::Content(const Forward& forward)>& record) {
  Slot& s = calls_.at(call).at(slot);
  const void* step = s.step ? s.step->data() : nullptr;
  model_->pin();
  model_->on_step(step);
  device_->synchronize();
  return record([&] { model_->forward(step, s.args->data(), true); });
}

Json Session::capture(const Json& request) {
  need_card("capture");
  const size_t call = request.at("call").get<size_t>(), slot = request.at("slot").get<size_t>();
  return to_json(recorded(
      call, slot, [&](const Forward& forward) { return graphs_->capture(call, slot, forward); }));
}

Json Session::replay(const Json& request) {
  need_card("replay");
  const size_t call = request.at("call").get<size_t>(), slot = request.at("slot").get<size_t>();
  const Slot& s = calls_.at(call).at(slot);
  // As an engine does before it replays: plans of another call's lengths may have come between.
  model_->on_step(s.step ? s.step->data() : nullptr);
  device_->synchronize();
  graphs_->replay(call, slot);
  device_->synchronize();
  return {{"ok", true}};
}

// Outputs are poisoned, and what is fed, which is written again: other inputs must be as the Judge
// wrote them.
Json Session::arm(const Json& request) {
  need_card("arm");
  std::vector<SlotGraphs::Stretch> poison;
  for (const Json& j : request.at("poison"))
    poison.push_back(
        {j.at("offset").get<size_t>(), j.at("step").get<size_t>(), j.at("bytes").get<size_t>()});
  std::vector<Feed> feed;
  for (const Json& j : request.at("feed")) feed.push_back(Feed::from_json(j));
  for (size_t slot = 0; slot < calls_[0].size(); ++slot) {
    SlotGraphs::Before before;
    for (const auto& p : poison)
      before.poison.emplace_back(regions_.outputs.data() + p.offset + slot * p.step, p.bytes);
    for (const Feed& f : feed)
      before.fed.push_back({regions_.inputs.data() + f.from.of(slot),
                            regions_.outputs.data() + f.to.of(slot), f.bytes});
    const SlotGraphs::Content in = recorded(
        0, slot, [&](const Forward& forward) { return graphs_->arm(slot, before, forward); });
    if (!in.refused.empty() || in.host_nodes > 0) return to_json(in);
  }
  return {{"ok", true}, {"captured", true}, {"facts", graphs_->facts()}};
}

Json Session::time(const Json& request) {
  need_card("time");
  const auto slots = request.at("slots").get<std::vector<size_t>>();
  return timed([&] { return graphs_->time(slots); });
}

Json Session::hold(const Json& request) {
  need_card("hold");
  graphs_->hold(request.at("slots").get<std::vector<size_t>>());
  return {{"ok", true}};
}

Json Session::finish() {
  need_card("finish");
  return timed([&] { return graphs_->finish(); });
}

}  // namespace fk::judge
