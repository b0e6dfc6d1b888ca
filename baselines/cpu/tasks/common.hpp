// SPDX-License-Identifier: Apache-2.0
// Between the ABI's tensors and the kernels.
#pragma once
#include "../../reference/checks.hpp"
#include "fk/plugin.hpp"
#include "kernels.hpp"
#include "workers.hpp"

namespace fk::cpu {

using fkcpu::Kernels;
using fkcpu::kernels;
using fkcpu::Type;
using reference::kAny;
using reference::require_dtype;
using reference::require_present;
using reference::require_shape;

inline Type type_of(const char* task, const char* name, fk_dtype d) {
  if (d == kFloat32) return Type::kF32;
  if (d == kBFloat16) return Type::kBF16;
  if (d == kFloat16) return Type::kF16;
  throw Error(FK_UNSUPPORTED,
              "%s: %s has dtype code %d with %d bits; the cpu plugin computes float32, bfloat16 "
              "and float16",
              task, name, d.code, d.bits);
}

// All tensors of one dtype, as the kernels want them.
inline Type same_type(const char* task, const char* name, const fk_tensor* t, const fk_tensor* as) {
  FK_REQUIRE(t->dtype == as->dtype,
             "%s: %s has dtype code %d with %d bits, want code %d with %d bits like the others",
             task, name, t->dtype.code, t->dtype.bits, as->dtype.code, as->dtype.bits);
  return type_of(task, name, t->dtype);
}

// Rows of any tensor: all dimensions but the last, whatever their strides.
inline char* row_of(const fk_tensor* t, int64_t row) {
  int64_t offset = 0;
  for (int d = t->ndim - 2; d >= 0; --d) {
    offset += row % t->shape[d] * t->strides[d];
    row /= t->shape[d];
  }
  return static_cast<char*>(t->data) + offset * int64_t(size_of(t->dtype));
}

class HostWorkers final : public fkcpu::Workers {
 public:
  HostWorkers(const Threads& threads, const Run& run) : threads_(threads), run_(run) {}
  int count() const override { return threads_.count(); }
  void parallel_for(int64_t n, fkcpu::Body body) const override { threads_.parallel_for(n, body); }
  void* scratch(size_t bytes) const override { return run_.scratch_bytes(bytes); }

 private:
  const Threads& threads_;
  const Run& run_;
};

// Rows on all threads when there is work for them: waking a thread costs about what 16k elements
// do.
template <class F>
void for_rows(const Threads& threads, int64_t rows, int64_t elements_per_row, const F& f) {
  const auto body = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) f(r);
  };
  if (rows * elements_per_row < 16384) return body(0, rows, 0);
  threads.parallel_for(rows, body);
}

}  // namespace fk::cpu
