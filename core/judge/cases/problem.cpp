// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/problem.hpp"

#include "core/base/error.hpp"
#include "core/judge/cases/distribution.hpp"

namespace fk::cases {
namespace {

using core::Field;

double number(const core::Value& v) {
  return std::holds_alternative<double>(v) ? std::get<double>(v) : double(std::get<int64_t>(v));
}

class Maker {
 public:
  Maker(const core::Registry& registry, const core::TaskSpec& task, const Case& c, Problem& out)
      : task_(task),
        case_(c),
        out_(out),
        dims_(out.dims),
        init_(core::InitValue::from_json(registry, task, out.init_for(c.dtype))) {
    if (!task.step.empty())
      schedule_.emplace(registry.struct_spec(task.step), seed_of(c.seed, c.name),
                        dims_["block_size"], dims_["num_blocks"], dims_["num_slots"]);
  }

  void calls() {
    const int64_t n = schedule_ ? dims_["n"] : 0;
    if (!schedule_) {
      add(nullptr, "");
    } else if (!case_.seqs.empty()) {
      if (!case_.blocks.empty()) schedule_->hand_out(case_.blocks);
      if (case_.two_steps && case_.row >= 0) {  // captured ones have contexts of any length
        if (auto past = schedule_->past_of(case_.seqs)) add(std::move(past), "step 1: ");
      }
      add(schedule_->exactly(case_.seqs, !case_.no_slots), "");
    } else if (case_.decode) {
      add(schedule_->decode(n), "");
    } else if (!case_.two_steps) {
      add(schedule_->begin(n, true), "");
    } else {
      add(schedule_->begin(n, false), "step 1: ");
      add(schedule_->go_on(n), "step 2: ");
    }
  }

 private:
  void add(std::unique_ptr<Step> step, const std::string& label) {
    if (step) dims_["num_seqs"] = step->num_seqs, dims_["n"] = step->sizes.at("num_tokens");
    Call& call = out_.calls.emplace_back();
    call.label = label;
    for (const Field& f : task_.args) {
      if (f.type != core::FieldType::kTensor || (f.when && !f.when->eval_bool(lookup()))) continue;
      const fk_dtype stored = dtype_of(f, case_.dtype);
      if (f.optional && !is_given(f, stored)) continue;
      const bool in = f.role == Field::Role::kIn;
      Argument a{&f,     shape_of(f),    case_.strided ? case_.gap : 0, {},
                 stored, follows_run(f), !in || f.is_mutable,           in};
      int64_t count = 1;
      for (int64_t d : a.shape) count *= d;
      if (!in)
        a.values.assign(size_t(count), is_float(stored) ? NAN : -1);
      else if (f.name == "positions" && step)
        a.values = step->positions;
      else
        a.values = random_values(f, label, size_t(count), a.shape);
      call.args.push_back(std::move(a));
    }
    call.step = std::move(step);
  }

  core::Lookup lookup() const {
    return [this](std::string_view name) -> std::optional<core::Value> {
      if (auto at = dims_.find(std::string(name)); at != dims_.end())
        return core::Value(at->second);
      return init_.lookup(name);
    };
  }
  bool is_given(const Field& f, fk_dtype stored) const {
    if (!case_.optional || case_.absent.contains(f.name)) return false;
    return is_float(stored) || case_.inputs.contains(f.name);
  }
  bool is_wide(const Field& f, fk_dtype run) const {
    const bool written = f.role == Field::Role::kOut || f.is_mutable;
    const bool wide = case_.wide == Case::Wide::kAll ||
                      (case_.wide == Case::Wide::kWritten && written) ||
                      case_.wide_tensors.contains(f.name);
    return wide && run.bits < 32 && !f.tensor.dtypes.empty();
  }
  fk_dtype dtype_of(const Field& f, fk_dtype run) const {
    return !f.tensor.run_dtype || is_wide(f, run) ? f.tensor.dtypes.front() : run;
  }
  bool follows_run(const Field& f) const { return f.tensor.run_dtype; }
  std::vector<int64_t> shape_of(const Field& f) const {
    std::vector<int64_t> shape;
    if (f.tensor.ellipsis) {
      shape.push_back(dims_.count("n") ? dims_.at("n") : 3);
      if (case_.strided) shape.push_back(2);
    }
    for (const auto& e : f.tensor.shape) shape.push_back(e.eval_int(lookup()));
    return shape;
  }
  std::vector<double> random_values(const Field& f, const std::string& label, size_t count,
                                    const std::vector<int64_t>& shape) const {
    const fk_dtype stored = dtype_of(f, case_.dtype);
    Random random(seed_of(case_.seed + 2, case_.name + label + f.name));
    const bool bounded = f.low && f.high;
    const double low = bounded ? number(f.low->eval(lookup())) : 0,
                 high = bounded ? number(f.high->eval(lookup())) : 1000;
    std::vector<double> values(count);
    if (const auto given = case_.inputs.find(f.name); given != case_.inputs.end()) {
      for (size_t i = 0; i < count; ++i)
        values[i] = rounded(given->second[i % given->second.size()], stored);
      return values;
    }
    if (is_float(stored) && !bounded) {
      fill(values, case_.distribution, shape.empty() ? 1 : shape.back(), random);
      for (double& v : values) v = rounded(v, stored);
      return values;
    }
    for (double& v : values) {
      if (!is_float(stored))
        v = low + double(random.below(int64_t(high - low)));
      else
        v = rounded(low + (high - low) * random.uniform(), stored);
    }
    return values;
  }

  const core::TaskSpec& task_;
  const Case& case_;
  Problem& out_;
  std::map<std::string, int64_t>& dims_;
  core::InitValue init_;
  std::optional<Schedule> schedule_;
};

}  // namespace

std::map<std::string, int64_t> Problem::sizes(const core::TaskSpec& task, const Case& c) {
  std::map<std::string, int64_t> dims = c.dims;
  if (task.step.empty()) return dims;
  if (!c.seqs.empty()) dims["n"] = 0;
  for (const Case::Sequence& s : c.seqs) dims["n"] += s.query;
  const int64_t n = dims["n"] + int64_t(c.seqs.size());  // a sequence may be without tokens
  dims.try_emplace("block_size", 16);
  dims["num_blocks"] = c.seqs.empty() ? Schedule::blocks_for(n, dims["block_size"])
                                      : Schedule::blocks_for(c.seqs, dims["block_size"]);
  dims["num_slots"] = Schedule::slots_for(n);
  return dims;
}

core::Json Problem::init_for(fk_dtype run) const {
  core::Json out = init;
  for (const Field& f : task->init)
    if (f.type == core::FieldType::kDtype) out[f.name] = core::dtype_name(run);
  return out;
}

Problem Problem::make(const core::Registry& registry, const core::TaskSpec& task, const Case& c) {
  Problem p{&task, &c, c.init, sizes(task, c), {}};
  Maker(registry, task, c, p).calls();
  return p;
}

}  // namespace fk::cases
