// SPDX-License-Identifier: Apache-2.0
#include "copy_rows.cuh"
#include "fk/tasks/index_select.h"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "index_select";

class CopyRows {
 public:
  static void supports(fk_device device, int32_t sm, const fk_index_select_init&) {
    support_cuda(device, sm, 80);
  }
  CopyRows(Builder&, const fk_index_select_init&) {}

  void forward(const Run& run, const fk_index_select_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, kAny});
    require_shape(kTask, "index", a.index, {kAny});
    require_dtype(kTask, "index", a.index, kInt32);
    const int64_t m = a.index->shape[0], d = a.x->shape[1];
    require_shape(kTask, "y", a.y, {m, d});
    require_dtype(kTask, "y", a.y, a.x->dtype);
    const int64_t e = int64_t(size_of(a.x->dtype));
    launch_copy_rows({static_cast<const char*>(a.x->data), static_cast<char*>(a.y->data),
                      static_cast<const int32_t*>(a.index->data), a.x->strides[0] * e,
                      a.y->strides[0] * e, 0, uint32_t(a.x->shape[0])},
                     m, d * e, stream_of(run));
  }
};

FK_IMPL(fk::IndexSelect, "cuda", "1.0.0", kFlags, CopyRows)

}  // namespace
}  // namespace fk::cuda
