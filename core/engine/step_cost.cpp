// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_cost.hpp"

#include <algorithm>

#include "core/base/dtype.hpp"

namespace fk::core {
namespace {

std::optional<Value> from_json(const Json& j) {
  if (j.is_boolean()) return Value(j.get<bool>());
  if (j.is_number_integer()) return Value(j.get<int64_t>());
  if (j.is_number()) return Value(j.get<double>());
  if (j.is_string()) return Value(j.get<std::string>());
  if (j.is_array() &&
      std::all_of(j.begin(), j.end(), [](const Json& x) { return x.is_number_integer(); }))
    return Value(j.get<std::vector<int64_t>>());
  return std::nullopt;
}

bool below(const std::string& path, const std::string& node) {
  return node.empty() || path == node || path.starts_with(node + ".");
}

// Index after the last choice of the subtree at `at`: choices stand in build order, parents first.
size_t end_of(const Plan& plan, size_t at) {
  size_t end = at + 1;
  while (end < plan.choices.size() && plan.choices[end].depth > plan.choices[at].depth) ++end;
  return end;
}

}  // namespace

CostModel::CostModel(const Registry& registry, const Plan& plan, fk_dtype run_dtype)
    : element_(int64_t(run_dtype.bits) / 8) {
  if (plan.choices.empty()) return;
  bytes_ = terms(registry, plan, &TaskSpec::bytes);
  const bool quantised = std::any_of(plan.params.begin(), plan.params.end(), [](const ParamUse& p) {
    return p.dtype.code != FK_FLOAT && p.dtype.code != FK_BFLOAT && p.shape.size() > 1;
  });
  if (!quantised) flops_ = terms(registry, plan, &TaskSpec::flops);
}

std::vector<CostModel::Term> CostModel::terms(const Registry& registry, const Plan& plan,
                                              Which which) {
  std::vector<Term> out;
  std::map<std::string, size_t> index;
  const size_t end = plan.choices.size();
  for (size_t at = end_of(plan, 0) == 1 ? 0 : 1; at < end;) {
    const Choice& c = plan.choices[at];
    const std::optional<Expr>& expr = registry.task(c.task).*which;
    const bool leaf = end_of(plan, at) == at + 1;
    Term t{expr ? *expr : Expr::parse("0"), Json::parse(c.init, nullptr, false), 0, 0, 1};
    for (const ParamUse& p : plan.params) {
      if (!below(p.path, c.path)) continue;
      int64_t n = 1;
      for (int64_t d : p.shape) n *= d;
      t.weight_bytes += int64_t(p.bytes);
      t.weight_elements += n;
    }
    bool known = expr.has_value();
    try {
      value(t, {1, 1, 1, 1, 1});
    } catch (const Error&) { known = false; }
    if (known) {
      const std::string key =
          fmt::format("{}\n{}\n{}\n{}", c.task, c.init, t.weight_bytes, t.weight_elements);
      auto [it, fresh] = index.emplace(key, out.size());
      if (fresh)
        out.push_back(std::move(t));
      else
        ++out[it->second].count;
    } else if (leaf && std::find(ignored_.begin(), ignored_.end(), c.task) == ignored_.end()) {
      ignored_.push_back(c.task);
    }
    at = known ? end_of(plan, at) : at + 1;
  }
  return out;
}

double CostModel::value(const Term& t, const StepSize& s) const {
  const Value v = t.expr.eval([&](std::string_view name) -> std::optional<Value> {
    if (name == "n" || name == "rows") return Value(s.tokens);
    if (name == "m") return Value(s.rows);
    if (name == "num_seqs") return Value(s.seqs);
    if (name == "kv_tokens") return Value(s.kv_tokens);
    if (name == "attended") return Value(s.attended);
    if (name == "e") return Value(element_);
    if (name == "weight_bytes") return Value(t.weight_bytes);
    if (name == "weight_elements") return Value(t.weight_elements);
    auto at = t.init.is_object() ? t.init.find(name) : t.init.end();
    return at == t.init.end() ? std::nullopt : from_json(*at);
  });
  if (const double* d = std::get_if<double>(&v)) return *d;
  return double(std::get<int64_t>(v));
}

double CostModel::sum(const std::vector<Term>& terms, const StepSize& s) const {
  double total = 0;
  for (const Term& t : terms) total += double(t.count) * value(t, s);
  return total;
}

StepCost CostModel::of(const StepSize& s) const { return {sum(bytes_, s), sum(flops_, s)}; }

}  // namespace fk::core
