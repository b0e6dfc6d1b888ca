// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/arg_check.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/runtime/shapes.hpp"

namespace fk::core {
namespace {

struct Symbols {
  const InitValue& init;
  std::map<std::string, int64_t, std::less<>> bound;

  std::optional<Value> find(std::string_view name) const {
    if (const auto it = bound.find(name); it != bound.end()) return Value(it->second);
    return init.lookup(name);
  }
  bool known(const Expr& e) const {
    const std::vector<std::string> names = e.names();
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& n) { return find(n).has_value(); });
  }
};

std::string shape_text(const Field& f) {
  std::vector<std::string> parts;
  if (f.tensor.ellipsis) parts.push_back("...");
  for (const Expr& e : f.tensor.shape) parts.push_back(e.text());
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string header_text(const fk_tensor& t) {
  return describe(t.dtype, {t.shape, t.shape + t.ndim});
}

std::string check_header(const Field& f, const fk_tensor& t, fk_dtype run_dtype) {
  const auto& allowed = f.tensor.dtypes;
  const bool run = (f.tensor.run_dtype || allowed.empty()) && same(t.dtype, run_dtype);
  if (!run &&
      std::none_of(allowed.begin(), allowed.end(), [&](fk_dtype d) { return same(d, t.dtype); })) {
    std::vector<std::string_view> names;
    if (f.tensor.run_dtype || allowed.empty()) names.push_back(dtype_name(run_dtype));
    for (const fk_dtype d : allowed) names.push_back(dtype_name(d));
    return fmt::format("{} has dtype {}, expected {}", f.name, dtype_name(t.dtype),
                       fmt::join(names, " or "));
  }
  const size_t given = size_t(t.ndim), wanted = f.tensor.shape.size();
  if (f.tensor.ellipsis ? given < wanted : given != wanted)
    return fmt::format("{} is {}, expected {} dimensions {}", f.name, header_text(t), wanted,
                       shape_text(f));
  int64_t numel = 1;
  for (int i = 0; i < t.ndim; ++i) {
    if (t.shape[i] < 0 || t.strides[i] < 0)
      return fmt::format("{} is {} with a negative size or stride", f.name, header_text(t));
    numel *= t.shape[i];
  }
  if (numel > 0 && !t.data)
    return fmt::format("{} is {} and its data is NULL", f.name, header_text(t));
  if (t.ndim > 0 && t.shape[t.ndim - 1] > 1 && t.strides[t.ndim - 1] != 1)
    return fmt::format("{} has stride {} in its last dimension, expected 1", f.name,
                       t.strides[t.ndim - 1]);
  return {};
}

// Dimensions that are one name bind it; the first tensor that has it wins, later ones are compared.
std::string bind(const Field& f, const fk_tensor& t, Symbols& symbols) {
  const int64_t* shape = t.shape + (size_t(t.ndim) - f.tensor.shape.size());
  for (size_t i = 0; i < f.tensor.shape.size(); ++i) {
    const auto name = f.tensor.shape[i].as_name();
    if (!name || symbols.find(*name)) continue;
    symbols.bound.emplace(*name, shape[i]);
  }
  return {};
}

std::string compare(const Field& f, const fk_tensor& t, const Symbols& symbols) {
  const int64_t* shape = t.shape + (size_t(t.ndim) - f.tensor.shape.size());
  for (size_t i = 0; i < f.tensor.shape.size(); ++i) {
    const Expr& e = f.tensor.shape[i];
    if (!symbols.known(e)) continue;
    const int64_t wanted = e.eval_int([&](std::string_view n) { return symbols.find(n); });
    if (shape[i] != wanted)
      return fmt::format("{} is {}, expected {}: {} is {} here", f.name, header_text(t),
                         shape_text(f), e.text(), wanted);
  }
  return {};
}

}  // namespace

std::string check_args(const Node& node, const void* args, fk_dtype run_dtype) {
  if (!args) return "args is NULL";
  if (*static_cast<const size_t*>(args) < node.spec->args_size)
    return fmt::format("args is {} bytes long, {} are needed", *static_cast<const size_t*>(args),
                       node.spec->args_size);
  Symbols symbols{node.init_value, {}};
  std::vector<std::pair<const Field*, const fk_tensor*>> tensors;
  for (const Field& f : node.spec->args) {
    if (f.type != FieldType::kTensor) continue;
    const fk_tensor* t = tensor_at(args, f);
    if (!t) {
      if (f.optional || !present(f, node.init_value)) continue;
      return fmt::format("{} is missing", f.name);
    }
    if (std::string text = check_header(f, *t, run_dtype); !text.empty()) return text;
    tensors.emplace_back(&f, t);
  }
  try {
    for (const auto& [f, t] : tensors) bind(*f, *t, symbols);
    for (const auto& [f, t] : tensors)
      if (std::string text = compare(*f, *t, symbols); !text.empty()) return text;
  } catch (const Error& e) { return e.text(); }
  return {};
}

}  // namespace fk::core
