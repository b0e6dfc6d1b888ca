// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/floor.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::judge {
namespace {

// A core of today loads 128 bytes a cycle from its first cache, and the widest matrix units do
// 2048 operations; at 6 GHz.
constexpr double kBytesPerCore = 128 * 6e9, kFlopsPerCore = 2048 * 6e9;

double evaluate(const std::optional<core::Expr>& e, const core::Lookup& names) {
  if (!e) return 0;
  try {
    const core::Value v = e->eval(names);
    if (const auto* d = std::get_if<double>(&v)) return *d;
    if (const auto* i = std::get_if<int64_t>(&v)) return double(*i);
  } catch (const core::Error&) {}
  return 0;
}

}  // namespace

Work work_of(const core::Registry& registry, const cases::Problem& p) {
  const auto init = core::InitValue::from_json(registry, *p.task, p.init_for(p.given->dtype));
  const core::Lookup names = [&](std::string_view name) -> std::optional<core::Value> {
    if (name == "e") return core::Value(int64_t(core::dtype_bytes(p.given->dtype)));
    if (name == "rows") {
      int64_t rows = 1;
      const auto& shape = p.calls.at(0).args.at(0).shape;
      for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
      return core::Value(rows);
    }
    // Less is safe: a floor must not be too high.
    if (name == "weight_bytes" || name == "weight_elements" || name == "kv_tokens" ||
        name == "attended")
      return core::Value(int64_t{0});
    if (const auto at = p.dims.find(std::string(name)); at != p.dims.end())
      return core::Value(at->second);
    return init.lookup(name);
  };
  return {evaluate(p.task->bytes, names), evaluate(p.task->flops, names)};
}

double floor_seconds(const Work& w, int cores) {
  return std::max(w.bytes / (kBytesPerCore * cores), w.flops / (kFlopsPerCore * cores));
}

}  // namespace fk::judge
