// SPDX-License-Identifier: Apache-2.0
// What a captured case asks of the reference, which nobody made fast.
#include <fmt/format.h>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/cases/captured_cases.hpp"
#include "core/judge/cases/problem.hpp"
#include "core/judge/cases/run_case.hpp"
#include "core/runtime/shapes.hpp"

namespace fk::cases {
namespace {

// In double precision, twice over (the reference in the run's dtype is there, too).
constexpr double kMostNumbers = 128e6;

struct Asked {
  double operations = 0, numbers = 0;
};

Asked asked(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c) {
  const core::Registry& registry = catalog.registry();
  std::map<std::string, int64_t> dims = Problem::sizes(task, c);
  int64_t kv_tokens = 0, attended = 0;
  for (const Case::Sequence& s : c.seqs) {
    if (s.pads()) continue;
    kv_tokens += s.context + s.query;
    attended += s.query * s.context + s.query * (s.query + 1) / 2;
  }
  Asked out;
  double weights = 0;
  const core::Policy reference = core::Policy::parse("candidate:reference");
  const auto tree =
      build_case(catalog, task, c, c.dtype, reference, nullptr, {FK_CPU, 0}, true)->plan();
  for (const core::ParamUse& p : tree.params) {
    double count = 1;
    for (const int64_t d : p.shape) count *= double(d);
    weights += count;
  }
  for (const core::StateUse& s : tree.states)
    out.numbers += double(s.bytes) / double(core::dtype_bytes(s.dtype));
  const auto init = core::InitValue::from_json(registry, task, c.init);
  const core::Lookup names = [&](std::string_view name) -> std::optional<core::Value> {
    if (name == "e") return core::Value(int64_t{8});
    if (name == "rows") return core::Value(dims.count("n") ? dims.at("n") : int64_t{1});
    if (name == "weight_bytes") return core::Value(int64_t(weights * 8));
    if (name == "weight_elements") return core::Value(int64_t(weights));
    if (name == "kv_tokens") return core::Value(kv_tokens);
    if (name == "attended") return core::Value(attended);
    if (name == "num_seqs") return core::Value(int64_t(c.seqs.size()));
    if (const auto at = dims.find(std::string(name)); at != dims.end())
      return core::Value(at->second);
    return init.lookup(name);
  };
  out.numbers += weights;
  for (const core::Field& f : task.args) {
    if (f.type != core::FieldType::kTensor || c.absent.contains(f.name)) continue;
    if (f.when && !f.when->eval_bool(names)) continue;
    double count = f.tensor.ellipsis && dims.count("n") ? double(dims.at("n")) : 1;
    for (const core::Expr& e : f.tensor.shape) count *= double(e.eval_int(names));
    out.numbers += count;
  }
  if (!task.flops) return out;
  core::Value v;
  try {
    v = task.flops->eval(names);
  } catch (const core::Error&) { return out; }  // of sizes that nobody knows beforehand
  out.operations = std::holds_alternative<double>(v)    ? std::get<double>(v)
                   : std::holds_alternative<int64_t>(v) ? double(std::get<int64_t>(v))
                                                        : 0;
  return out;
}

}  // namespace

std::string too_large(const core::Catalog& catalog, const core::TaskSpec& task, const Case& c,
                      double most_operations) {
  const Asked a = asked(catalog, task, c);
  if (a.operations > most_operations)
    return fmt::format("{:.3g} operations, {:.3g} at most are judged", a.operations,
                       most_operations);
  if (a.numbers > kMostNumbers)
    return fmt::format("{:.3g} numbers in weights, states and tensors, {:.3g} at most are judged",
                       a.numbers, kMostNumbers);
  return "";
}

}  // namespace fk::cases
