// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/index_select.h"

#include "../checks.hpp"

namespace fk::reference {
namespace {

class IndexSelectLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_index_select_init&) {
    support_cpu(device);
  }
  IndexSelectLoops(Builder&, const fk_index_select_init&) {}

  void forward(const Run&, const fk_index_select_args& a) const {
    require_shape("index_select", "x", a.x, {kAny, kAny});
    require_shape("index_select", "index", a.index, {kAny});
    require_dtype("index_select", "index", a.index, kInt32);
    const Tensor x(a.x), index(a.index), y(a.y);
    require_shape("index_select", "y", a.y, {index.size(0), x.size(1)});
    require_dtype("index_select", "y", a.y, x.dtype());
    const int64_t e = int64_t(size_of(x.dtype()));
    for (int64_t i = 0; i < index.size(0); ++i) {
      const int64_t row = index.data<int32_t>()[i];
      FK_REQUIRE(row >= 0 && row < x.size(0),
                 "index_select: index[%" PRId64 "] is %" PRId64 ", want 0 to %" PRId64, i, row,
                 x.size(0) - 1);
      std::memcpy(y.data<char>() + i * y.stride(0) * e, x.data<char>() + row * x.stride(0) * e,
                  size_t(x.size(1) * e));
    }
  }
};

FK_IMPL(fk::IndexSelect, "reference", "1.0.0", FK_IMPL_BITWISE, IndexSelectLoops)

}  // namespace
}  // namespace fk::reference
