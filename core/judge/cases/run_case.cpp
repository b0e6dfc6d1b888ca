// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/run_case.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"
#include "core/judge/cases/mirror.hpp"
#include "core/judge/cases/threads.hpp"
#include "core/plugin/load_host.hpp"

namespace fk::cases {
namespace {

using core::Field;

// One for all runs of the process: a stream and its buffers are not worth making again.
std::shared_ptr<core::Device> opened(fk_device d) {
  static std::map<int32_t, std::shared_ptr<core::Device>> devices;
  auto& device = devices[d.type];
  if (!device) device = core::Device::open(d);
  return device;
}

// NaN equals NaN.
bool same_values(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

void run_call(core::Model& model, const Call& call, fk_dtype dtype, Outcome& outcome) {
  core::StructValue args = core::StructValue::args(model.task());
  std::vector<std::unique_ptr<HostTensor>> tensors;
  std::vector<std::unique_ptr<Mirror>> mirrors, step_mirrors;
  const auto on_device = [&](auto& list, HostTensor& t) {
    return list.emplace_back(std::make_unique<Mirror>(model.device(), t))->get();
  };
  std::vector<std::vector<double>> given;
  for (const Argument& a : call.args) {
    HostTensor& t =
        *tensors.emplace_back(std::make_unique<HostTensor>(a.in(dtype), a.shape, a.gap));
    t.set(a.values);
    given.push_back(a.written ? std::vector<double>() : t.values());
    args.set(a.field->name, on_device(mirrors, t));
  }
  core::StructValue* step = call.step ? &call.step->value : nullptr;
  if (step)
    for (Step::Named& named : call.step->tensors)
      step->set(named.name, named.name.ends_with("_host") ? named.tensor->get()
                                                          : on_device(step_mirrors, *named.tensor));
  model.run(step ? step->data() : nullptr, args.data());
  model.device()->synchronize();
  for (auto& m : mirrors) m->fetch();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string name = call.label + call.args[i].field->name;
    const auto now = tensors[i]->values();
    if (!tensors[i]->gaps_untouched()) outcome.overwritten.push_back(name);
    if (call.args[i].written)
      outcome.tensors[name] = now;
    else if (!same_values(now, given[i]))
      outcome.overwritten.push_back(name);
  }
}

// Of a contiguous tensor on the device.
std::vector<double> values_of(core::Device& device, const fk_tensor& t) {
  int64_t count = 1;
  for (int32_t i = 0; i < t.ndim; ++i) count *= t.shape[i];
  const size_t e = core::dtype_bytes(t.dtype), bytes = size_t(count) * e;
  const auto* data = static_cast<const uint8_t*>(t.data);
  void* copy = nullptr;
  if (!device.is_cpu()) {
    copy = device.allocate_host(bytes);
    device.download(copy, t.data, bytes);
    device.synchronize();
    data = static_cast<const uint8_t*>(copy);
  }
  std::vector<double> values(static_cast<size_t>(count));
  with_format(t.dtype, [&](auto format) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = format.read(data + i * e);
  });
  if (copy) device.release_host(copy);
  return values;
}

}  // namespace

std::unique_ptr<core::Model> build_case(const core::Catalog& catalog, const core::TaskSpec& task,
                                        const Case& c, fk_dtype dtype, const core::Policy& policy,
                                        std::shared_ptr<core::WeightStore> weights,
                                        fk_device device, bool dry) {
  core::BuildOptions options;
  options.dtype = dtype;
  options.threads = answer_threads();
  options.dims = Problem::sizes(task, c);
  options.policy = policy;
  options.device = device;
  options.dry = dry;
  if (!dry) options.on = opened(device);
  return core::Model::build(catalog, std::move(weights), task.name,
                            Problem{&task, &c, c.init, {}, {}}.init_for(dtype), options);
}

Outcome run_problem(core::Model& model, const Problem& problem, fk_dtype dtype) {
  Outcome outcome;
  for (const core::Choice& c : model.plan().choices)
    if (c.path.empty() && c.task == problem.task->name) outcome.implementation = c.implementation;
  for (const Call& call : problem.calls) run_call(model, call, dtype, outcome);
  for (const auto& [path, t] : model.states())
    outcome.tensors["state " + path] = values_of(*model.device(), *t);
  return outcome;
}

Outcome run_case(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c,
                 fk_dtype dtype, const core::Policy& policy,
                 std::shared_ptr<core::WeightStore> weights, fk_device device) {
  const auto model = build_case(catalog, task, c, dtype, policy, std::move(weights), device);
  Case whole = c;
  whole.two_steps = !model->plan().states.empty();
  const Problem problem = Problem::make(catalog.registry(), task, whole);
  core::error_record().taken = FK_OK;
  try {
    return run_problem(*model, problem, dtype);
  } catch (const core::Error& e) {
    if (core::error_record().taken != FK_UNSUPPORTED) throw;
    Outcome refused;
    refused.refused = e.text();
    return refused;
  }
}

std::string unsupported(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c,
                        const core::Policy& policy, fk_device device) {
  try {
    const core::Plan plan =
        build_case(catalog, task, c, c.dtype, policy, nullptr, device, true)->plan();
    return plan.missing_tasks.empty() ? "" : "no implementation of " + plan.missing_tasks[0];
  } catch (const core::Error& e) {
    if (e.code() != core::Code::kMissing) throw;
    return e.text();
  }
}

}  // namespace fk::cases
