// SPDX-License-Identifier: Apache-2.0
#include "run_case.hpp"

#include "core/base/error.hpp"
#include "core/plugin/load_host.hpp"
#include "mirror.hpp"
#include "schedule.hpp"

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

class Runner {
 public:
  Runner(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c, fk_dtype dtype,
         const core::Policy& policy, std::shared_ptr<core::WeightStore> weights, fk_device device,
         bool dry = false)
      : task_(task), case_(c), dtype_(dtype), dims_(c.dims) {
    if (!task.step.empty()) {
      for (const Case::Sequence& s : c.seqs) dims_["n"] += s.query;
      const int64_t n = dims_["n"] + int64_t(c.seqs.size());  // a sequence may be without tokens
      dims_.try_emplace("block_size", 16);
      dims_["num_blocks"] = c.seqs.empty() ? Schedule::blocks_for(n, dims_["block_size"])
                                           : Schedule::blocks_for(c.seqs, dims_["block_size"]);
      dims_["num_slots"] = Schedule::slots_for(n);
      schedule_.emplace(catalog.registry().struct_spec(task.step), seed_of(1, c.name),
                        dims_["block_size"], dims_["num_blocks"], dims_["num_slots"]);
    }
    core::Json init = c.init;
    for (const Field& f : task.init)
      if (f.type == core::FieldType::kDtype) init[f.name] = core::dtype_name(dtype);
    core::BuildOptions options;
    options.dtype = dtype;
    options.threads = 2;
    options.dims = dims_;
    options.policy = policy;
    options.device = device;
    options.dry = dry;
    if (!dry) options.on = opened(device);
    model_ = core::Model::build(catalog, std::move(weights), task.name, init, options);
  }

  const core::Plan& plan() const { return model_->plan(); }

  // Of a model that was not built dry.
  Outcome run() {
    for (const core::Choice& c : model_->plan().choices)
      if (c.path.empty() && c.task == task_.name) outcome_.implementation = c.implementation;
    const int64_t n = schedule_ ? dims_["n"] : 0;
    if (!schedule_)
      run_once(nullptr, "");
    else if (!case_.seqs.empty())
      run_once(schedule_->exactly(case_.seqs, !case_.no_slots), "");
    else if (!owns_state())
      run_once(schedule_->begin(n, true), "");
    else {
      run_once(schedule_->begin(n, false), "step 1: ");
      run_once(schedule_->go_on(n), "step 2: ");
    }
    return outcome_;
  }

 private:
  bool owns_state() const { return !model_->plan().states.empty(); }

  void run_once(std::unique_ptr<Step> step, const std::string& label) {
    if (step) dims_["num_seqs"] = step->num_seqs;
    core::StructValue args = core::StructValue::args(task_);
    std::map<std::string, std::unique_ptr<HostTensor>> tensors;
    std::vector<std::unique_ptr<Mirror>> mirrors, step_mirrors;
    const auto on_device = [&](auto& list, HostTensor& t) {
      return list.emplace_back(std::make_unique<Mirror>(model_->device(), t))->get();
    };
    std::map<std::string, std::vector<double>> given;
    for (const Field& f : task_.args) {
      const bool in = f.role == Field::Role::kIn;
      if (f.type != core::FieldType::kTensor || (f.when && !f.when->eval_bool(lookup()))) continue;
      const fk_dtype stored = dtype_of(f, dtype_);
      if (f.optional && (!case_.optional || !is_float(stored))) continue;
      auto& t = tensors[f.name] =
          std::make_unique<HostTensor>(stored, shape_of(f), case_.strided ? case_.gap : 0);
      std::vector<double> values(size_t(t->size()), is_float(stored) ? NAN : -1);
      if (in)
        values = f.name == "positions" && step ? step->positions
                                               : random_values(f, label, values.size());
      t->set(values);
      given[f.name] = std::move(values);
      args.set(f.name, on_device(mirrors, *t));
    }
    if (step)
      for (Step::Named& named : step->tensors)
        if (!named.name.ends_with("_host"))
          step->value.set(named.name, on_device(step_mirrors, *named.tensor));
    model_->run(step ? step->value.data() : nullptr, args.data());
    model_->device()->synchronize();
    for (auto& m : mirrors) m->fetch();
    for (const Field& f : task_.args) {
      auto at = tensors.find(f.name);
      if (at == tensors.end()) continue;
      const auto now = at->second->values();
      if (!at->second->gaps_untouched()) outcome_.overwritten.push_back(label + f.name);
      if (f.role == Field::Role::kOut || f.is_mutable)
        outcome_.tensors[label + f.name] = now;
      else if (!std::equal(now.begin(), now.end(), given[f.name].begin(), same))
        outcome_.overwritten.push_back(label + f.name);
    }
  }

  core::Lookup lookup() const {
    return [this](std::string_view name) -> std::optional<core::Value> {
      if (auto at = dims_.find(std::string(name)); at != dims_.end())
        return core::Value(at->second);
      return model_->init().lookup(name);
    };
  }
  fk_dtype dtype_of(const Field& f, fk_dtype run) const {
    if (!f.tensor.run_dtype) return f.tensor.dtypes.front();
    const bool written = f.role == Field::Role::kOut || f.is_mutable;
    const bool wide =
        case_.wide == Case::Wide::kAll || (case_.wide == Case::Wide::kWritten && written);
    return wide && run.bits < 32 && !f.tensor.dtypes.empty() ? f.tensor.dtypes.front() : run;
  }
  std::vector<int64_t> shape_of(const Field& f) const {
    std::vector<int64_t> shape;
    if (f.tensor.ellipsis) {
      shape.push_back(dims_.count("n") ? dims_.at("n") : 3);
      if (case_.strided) shape.push_back(2);
    }
    for (const auto& e : f.tensor.shape) shape.push_back(e.eval_int(lookup()));
    return shape;
  }
  static bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
  static double number(const core::Value& v) {
    return std::holds_alternative<double>(v) ? std::get<double>(v) : double(std::get<int64_t>(v));
  }
  std::vector<double> random_values(const Field& f, const std::string& label, size_t count) const {
    const fk_dtype stored = dtype_of(f, case_.dtype);
    Random random(seed_of(3, case_.name + label + f.name));
    std::vector<double> values(count);
    if (const auto given = case_.inputs.find(f.name); given != case_.inputs.end()) {
      for (size_t i = 0; i < count; ++i)
        values[i] = rounded(given->second[i % given->second.size()], stored);
      return values;
    }
    const bool bounded = f.low && f.high;
    const double low = bounded ? number(f.low->eval(lookup())) : 0,
                 high = bounded ? number(f.high->eval(lookup())) : 1000;
    for (double& v : values) {
      if (!is_float(stored))
        v = low + double(random.below(int64_t(high - low)));
      else
        v = rounded(bounded ? low + (high - low) * random.uniform() : random.normal(), stored);
    }
    return values;
  }

  const core::TaskSpec& task_;
  const Case& case_;
  fk_dtype dtype_;
  std::map<std::string, int64_t> dims_;
  std::optional<Schedule> schedule_;
  std::unique_ptr<core::Model> model_;
  Outcome outcome_;
};

}  // namespace

Outcome run_case(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c,
                 fk_dtype dtype, const core::Policy& policy,
                 std::shared_ptr<core::WeightStore> weights, fk_device device) {
  Runner runner(catalog, task, c, dtype, policy, std::move(weights), device);
  core::error_record().taken = FK_OK;
  try {
    return runner.run();
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
    const core::Plan plan = Runner(catalog, task, c, c.dtype, policy, nullptr, device, true).plan();
    return plan.missing_tasks.empty() ? "" : "no implementation of " + plan.missing_tasks[0];
  } catch (const core::Error& e) {
    if (e.code() != core::Code::kMissing) throw;
    return e.text();
  }
}

}  // namespace fk::cases
