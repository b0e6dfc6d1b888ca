// SPDX-License-Identifier: Apache-2.0
// silu_and_mul, gelu and add: one pass over the rows.
#include "common.hpp"
#include "fk/structs/gelu_approximate.h"
#include "fk/tasks/add.h"
#include "fk/tasks/gelu.h"
#include "fk/tasks/silu_and_mul.h"

namespace fk::cpu {
namespace {

class SiluAndMulRows {
 public:
  static void supports(fk_device device, int32_t, const fk_silu_and_mul_init&) {
    support_cpu(device);
  }
  SiluAndMulRows(Builder& b, const fk_silu_and_mul_init&) : threads_(b.host) {}

  void forward(const Run&, const fk_silu_and_mul_args& a) const {
    require_shape("silu_and_mul", "x", a.x, {kAny, kAny});
    const int64_t n = a.x->shape[0], d = a.x->shape[1] / 2;
    FK_REQUIRE(a.x->shape[1] % 2 == 0,
               "silu_and_mul: x has %" PRId64 " columns, want an even number", a.x->shape[1]);
    require_shape("silu_and_mul", "y", a.y, {n, d});
    const Type type = same_type("silu_and_mul", "y", a.y, a.x);
    for_rows(threads_, n, 4 * d, [&](int64_t r) {
      char* x = row_of(a.x, r);
      kernels().silu_and_mul[int(type)](x, x + d * type_bytes(type), row_of(a.y, r), d);
    });
  }

 private:
  Threads threads_;
};

class GeluRows {
 public:
  static void supports(fk_device device, int32_t, const fk_gelu_init&) { support_cpu(device); }
  GeluRows(Builder& b, const fk_gelu_init& i)
      : tanh_(i.approximate == FK_GELU_APPROXIMATE_TANH), threads_(b.host) {}

  void forward(const Run&, const fk_gelu_args& a) const {
    require_shape("gelu", "x", a.x, {kAny, kAny});
    const int64_t n = a.x->shape[0], d = a.x->shape[1];
    require_shape("gelu", "y", a.y, {n, d});
    const Type type = same_type("gelu", "y", a.y, a.x);
    for_rows(threads_, n, 4 * d, [&](int64_t r) {
      kernels().gelu[int(type)](row_of(a.x, r), row_of(a.y, r), d, tanh_);
    });
  }

 private:
  bool tanh_;
  Threads threads_;
};

class AddRows {
 public:
  static void supports(fk_device device, int32_t, const fk_add_init&) { support_cpu(device); }
  AddRows(Builder& b, const fk_add_init&) : threads_(b.host) {}

  void forward(const Run&, const fk_add_args& a) const {
    require_shape("add", "x", a.x, {kAny, kAny});
    const int64_t n = a.x->shape[0], d = a.x->shape[1];
    require_shape("add", "y", a.y, {n, d});
    require_shape("add", "z", a.z, {n, d});
    same_type("add", "y", a.y, a.x);
    const Type type = same_type("add", "z", a.z, a.x);
    for_rows(threads_, n, d, [&](int64_t r) {
      kernels().add[int(type)](row_of(a.x, r), row_of(a.y, r), row_of(a.z, r), d);
    });
  }

 private:
  Threads threads_;
};

FK_IMPL(fk::SiluAndMul, "cpu", "1.0.0", FK_IMPL_BITWISE, SiluAndMulRows)
FK_IMPL(fk::Gelu, "cpu", "1.0.0", FK_IMPL_BITWISE, GeluRows)
FK_IMPL(fk::Add, "cpu", "1.0.0", FK_IMPL_BITWISE, AddRows)

}  // namespace
}  // namespace fk::cpu
