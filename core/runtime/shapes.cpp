// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/shapes.hpp"

#include <fmt/ranges.h>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"

namespace fk::core {

size_t TensorShape::bytes() const {
  size_t n = dtype_bytes(dtype);
  for (const int64_t d : shape)
    if (__builtin_mul_overflow(n, size_t(d), &n))
      bad_input("a tensor {} has more bytes than memory has", describe(dtype, shape));
  return n;
}

bool present(const Field& field, const InitValue& init) {
  return !field.when ||
         field.when->eval_bool([&](std::string_view name) { return init.lookup(name); });
}

TensorShape shape_of(const Field& field, const InitValue& init,
                     const std::map<std::string, int64_t>& dims, fk_dtype run_dtype) {
  TensorShape out{
      {},
      field.tensor.run_dtype || field.tensor.dtypes.empty() ? run_dtype : field.tensor.dtypes[0]};
  std::string not_given;
  for (const Expr& e : field.tensor.shape) {
    const auto lookup = [&](std::string_view name) -> std::optional<Value> {
      if (auto v = init.lookup(name)) return v;
      if (const auto it = dims.find(std::string(name)); it != dims.end()) return Value(it->second);
      if (not_given.empty()) not_given = name;
      return std::nullopt;
    };
    int64_t d = 0;
    try {
      d = e.eval_int(lookup);
    } catch (const Error& error) {
      if (!not_given.empty()) bad_input("{}: the size \"{}\" is not given", field.name, not_given);
      throw error.within(field.name);
    }
    if (d < 0) bad_input("{}: dimension \"{}\" is {}", field.name, e.text(), d);
    out.shape.push_back(d);
  }
  return out;
}

std::string describe(fk_dtype dtype, const std::vector<int64_t>& shape) {
  return fmt::format("{} [{}]", dtype_name(dtype), fmt::join(shape, ", "));
}

}  // namespace fk::core
