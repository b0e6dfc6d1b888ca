// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "storage.hpp"

namespace fk::reference {

// residual[r] += row, rounded to the residual's dtype; row becomes what was stored.
inline void add_to_residual(Tensor residual, int64_t r, int64_t size, double* row) {
  const int64_t offset = row_offset(residual, r);
  for (int64_t i = 0; i < size; ++i) {
    double value;
    load(residual, offset + i, 1, &value);
    value += row[i];
    store(residual, offset + i, 1, &value);
    load(residual, offset + i, 1, &row[i]);
  }
}

}  // namespace fk::reference
