// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/run_case.hpp"

#include "core/base/error.hpp"
#include "core/judge/cases/placed_call.hpp"
#include "core/judge/cases/threads.hpp"
#include "core/plugin/load_host.hpp"

namespace fk::cases {
namespace {

// One for all runs of the process: a stream and its buffers are not worth making again.
std::shared_ptr<core::Device> opened(fk_device d) {
  static std::map<int32_t, std::shared_ptr<core::Device>> devices;
  auto& device = devices[d.type];
  if (!device) device = core::Device::open(d);
  return device;
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
                                        fk_device device, bool dry,
                                        const core::LayerOptions& layers) {
  core::BuildOptions options;
  options.dtype = dtype;
  options.threads = answer_threads();
  options.dims = Problem::sizes(task, c);
  options.policy = policy;
  options.device = device;
  options.dry = dry;
  options.layers = layers;
  if (!dry) options.on = opened(device);
  return core::Model::build(catalog, std::move(weights), task.name,
                            Problem{&task, &c, c.init, {}, {}}.init_for(dtype), options);
}

Outcome run_problem(core::Model& model, const Problem& problem, fk_dtype dtype) {
  Outcome outcome;
  for (const core::Choice& c : model.plan().choices)
    if (c.path.empty() && c.task == problem.task->name) outcome.implementation = c.implementation;
  for (const Call& call : problem.calls) {
    PlacedCall placed(model, call, dtype);
    model.run(placed.step(), placed.args());
    model.device()->synchronize();
    placed.read(outcome);
  }
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
