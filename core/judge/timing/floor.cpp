// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/floor.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::judge {
namespace {

// A core of today loads 128 bytes a cycle from its first cache, and the widest matrix units do
// 2048 operations; at 6 GHz.
constexpr double kBytesPerCore = 128 * 6e9, kFlopsPerCore = 2048 * 6e9;

// Nothing where it cannot be evaluated.
std::optional<double> evaluate(const std::optional<core::Expr>& e, const core::Lookup& names) {
  if (!e) return std::nullopt;
  try {
    const core::Value v = e->eval(names);
    if (const auto* d = std::get_if<double>(&v)) return *d;
    if (const auto* i = std::get_if<int64_t>(&v)) return double(*i);
  } catch (const core::Error&) {}
  return std::nullopt;
}

// Names of the case's sizes and init. What depends on weights and on the step says `heavy`.
core::Lookup names_of(const cases::Problem& p, const core::InitValue& init, core::Lookup heavy) {
  return
      [&p, &init, heavy = std::move(heavy)](std::string_view name) -> std::optional<core::Value> {
        if (name == "e") return core::Value(int64_t(core::dtype_bytes(p.given->dtype)));
        if (name == "rows") {
          int64_t rows = 1;
          const auto& shape = p.calls.at(0).args.at(0).shape;
          for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
          return core::Value(rows);
        }
        if (name == "weight_bytes" || name == "weight_elements" || name == "kv_tokens" ||
            name == "attended")
          return heavy(name);
        if (const auto at = p.dims.find(std::string(name)); at != p.dims.end())
          return core::Value(at->second);
        return init.lookup(name);
      };
}

core::InitValue init_of(const core::Registry& registry, const cases::Problem& p) {
  return core::InitValue::from_json(registry, *p.task, p.init_for(p.given->dtype));
}

std::optional<core::Value> weights(const cases::Problem& p, const core::Lookup& names, bool bytes) {
  if (p.task->level > 1) return std::nullopt;  // its children have weights that it does not name
  int64_t total = 0;
  for (const core::Field& f : p.task->params) {
    if (f.when && !f.when->eval_bool(names)) continue;
    int64_t count = 1;
    for (const core::Expr& e : f.tensor.shape) count *= e.eval_int(names);
    const fk_dtype stored = f.tensor.run_dtype ? p.given->dtype : f.tensor.dtypes.front();
    total += count * (bytes ? int64_t(core::dtype_bytes(stored)) : 1);
  }
  return core::Value(total);
}

// Keys of the caches, or pairs of a query and a key that it sees, of the first call's step.
std::optional<core::Value> keys(const cases::Problem& p, bool pairs) {
  if (!p.calls.at(0).step) return std::nullopt;
  const cases::HostTensor *lengths = nullptr, *starts = nullptr;
  for (const auto& t : p.calls[0].step->tensors) {
    if (t.name == "seq_lens") lengths = t.tensor.get();
    if (t.name == "query_start_loc") starts = t.tensor.get();
  }
  if (!lengths || !starts) return std::nullopt;
  const auto* length = reinterpret_cast<const int32_t*>(lengths->data());
  const auto* start = reinterpret_cast<const int32_t*>(starts->data());
  int64_t total = 0;
  for (int64_t s = 0; s < lengths->size(); ++s) {
    const int64_t query = start[s + 1] - start[s];
    total += pairs ? query * length[s] - query * (query - 1) / 2 : length[s];
  }
  return core::Value(total);
}

}  // namespace

Work work_of(const core::Registry& registry, const cases::Problem& p) {
  const core::InitValue init = init_of(registry, p);
  // Less is safe: a floor must not be too high.
  const core::Lookup names =
      names_of(p, init, [](std::string_view) { return core::Value(int64_t{0}); });
  return {evaluate(p.task->bytes, names).value_or(0), evaluate(p.task->flops, names).value_or(0)};
}

std::optional<Work> whole_work_of(const core::Registry& registry, const cases::Problem& p) {
  const core::InitValue init = init_of(registry, p);
  core::Lookup names;
  names = names_of(p, init, [&](std::string_view name) -> std::optional<core::Value> {
    if (name == "weight_bytes" || name == "weight_elements")
      return weights(p, names, name == "weight_bytes");
    return keys(p, name == "attended");
  });
  const auto bytes = evaluate(p.task->bytes, names), flops = evaluate(p.task->flops, names);
  if (!bytes || !flops) return std::nullopt;
  return Work{*bytes, *flops};
}

double floor_seconds(const Work& w, int cores) {
  return std::max(w.bytes / (kBytesPerCore * cores), w.flops / (kFlopsPerCore * cores));
}

}  // namespace fk::judge
