// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/index_select.h"

#include "common.hpp"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "index_select";

class CopyRows {
 public:
  static void supports(fk_device device, int32_t, const fk_index_select_init&) {
    support_cpu(device);
  }
  CopyRows(Builder& b, const fk_index_select_init&) : threads_(b.host) {}

  void forward(const Run&, const fk_index_select_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, kAny});
    require_shape(kTask, "index", a.index, {kAny});
    require_dtype(kTask, "index", a.index, kInt32);
    const int64_t n = a.x->shape[0], d = a.x->shape[1], m = a.index->shape[0];
    require_shape(kTask, "y", a.y, {m, d});
    require_dtype(kTask, "y", a.y, a.x->dtype);
    const int32_t* index = static_cast<const int32_t*>(a.index->data);
    for (int64_t i = 0; i < m; ++i)
      FK_REQUIRE(index[i] >= 0 && index[i] < n, "%s: index[%" PRId64 "] is %d, want 0 to %" PRId64,
                 kTask, i, index[i], n - 1);
    const size_t bytes = size_t(d) * size_of(a.x->dtype);
    for_rows(threads_, m, d,
             [&](int64_t i) { std::memcpy(row_of(a.y, i), row_of(a.x, index[i]), bytes); });
  }

 private:
  Threads threads_;
};

FK_IMPL(fk::IndexSelect, "cpu", "1.0.0", FK_IMPL_BITWISE, CopyRows)

}  // namespace
}  // namespace fk::cpu
