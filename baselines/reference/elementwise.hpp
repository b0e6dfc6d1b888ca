// SPDX-License-Identifier: Apache-2.0
// What the elementwise tasks of the reference share: all operands are rows of one width, or one row
// for all of them.
#pragma once
#include <array>
#include <tuple>

#include "checks.hpp"
#include "storage.hpp"

namespace fk::reference {

// y[r][i] = f(operands[0][r][i], operands[1][r][i], ...) for tensors of the same shape; an operand
// of rank 1 stands for every row. y may be one of the operands.
template <size_t kCount, class F>
void map_rows(const Run& run, const char* task,
              const std::array<std::pair<const char*, const fk_tensor*>, kCount>& operands,
              const char* y_name, const fk_tensor* y_tensor, F&& f) {
  const fk_tensor* x = operands[0].second;
  require_present(task, operands[0].first, x);
  FK_REQUIRE(x->ndim >= 1, "%s: %s has no dimensions", task, operands[0].first);
  const int64_t width = x->shape[x->ndim - 1];
  std::array<double*, kCount> rows;
  for (size_t k = 0; k < kCount; ++k) {
    const auto& [name, t] = operands[k];
    require_present(task, name, t);
    const bool vector = k > 0 && t->ndim == 1;
    FK_REQUIRE(vector ? t->shape[0] == width
                      : t->ndim == x->ndim && std::equal(t->shape, t->shape + t->ndim, x->shape),
               "%s: %s is %s, want the shape of %s, %s", task, name,
               ShapeText(t->shape, t->ndim).text, operands[0].first,
               ShapeText(x->shape, x->ndim).text);
    rows[k] = run.scratch<double>(width);
    if (vector) load(t, 0, width, rows[k]);
  }
  require_present(task, y_name, y_tensor);
  const Tensor y(y_tensor);
  FK_REQUIRE(y.dim() == x->ndim && std::equal(x->shape, x->shape + x->ndim, y->shape),
             "%s: %s is %s, want %s", task, y_name, ShapeText(y->shape, y->ndim).text,
             ShapeText(x->shape, x->ndim).text);
  double* out = run.scratch<double>(width);
  for (int64_t r = 0; r < y.rows(); ++r) {
    for (size_t k = 0; k < kCount; ++k)
      if (k == 0 || operands[k].second->ndim > 1) load_row(operands[k].second, r, rows[k]);
    for (int64_t i = 0; i < width; ++i)
      out[i] = std::apply([&](const auto*... row) { return f(row[i]...); }, rows);
    store_row(y, r, out);
  }
}

// A task with one input x and one output y.
template <class F>
void map_rows(const Run& run, const char* task, const fk_tensor* x, const fk_tensor* y, F&& f) {
  map_rows<1>(run, task, {{{"x", x}}}, "y", y, f);
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace fk::reference
