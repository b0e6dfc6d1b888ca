// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/embedding.h"

#include "common.hpp"
#include "fk/structs/quant.h"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "embedding";

// Rows are gathered out of the weight as it lies; a quantised row is expanded block by block.
class Gather {
 public:
  static void supports(fk_device device, int32_t, const fk_embedding_init& i) {
    support_cpu(device);
    FK_SUPPORT(i.quant == FK_QUANT_NONE || i.quant == FK_QUANT_Q4_0 || i.quant == FK_QUANT_Q4_1 ||
                   i.quant == FK_QUANT_Q8_0,
               "%s: the cpu plugin reads q4_0, q4_1 and q8_0, found quant %d", kTask, i.quant);
  }

  Gather(Builder& b, const fk_embedding_init& i)
      : rows_(i.num_embeddings),
        columns_(i.embedding_dim),
        quant_(i.quant),
        threads_(b.host),
        weight_(b.param(i.quant == FK_QUANT_NONE ? "weight" : "blocks")) {}

  void forward(const Run& run, const fk_embedding_args& a) const {
    require_shape(kTask, "ids", a.ids, {kAny});
    require_dtype(kTask, "ids", a.ids, kInt32);
    const int64_t n = a.ids->shape[0];
    require_shape(kTask, "y", a.y, {n, columns_});
    const int32_t* ids = static_cast<const int32_t*>(a.ids->data);
    for (int64_t i = 0; i < n; ++i)
      FK_REQUIRE(ids[i] >= 0 && ids[i] < rows_, "%s: ids[%" PRId64 "] is %d, want 0 to %" PRId64,
                 kTask, i, ids[i], rows_ - 1);
    if (quant_ == FK_QUANT_NONE) {
      if (a.y->dtype == kFloat32 && weight_.dtype() != kFloat32) return widened(a, ids, n);
      same_type(kTask, "y", a.y, weight_.get());
      const int64_t bytes = columns_ * int64_t(size_of(a.y->dtype));
      for_rows(threads_, n, columns_, [&](int64_t i) {
        std::memcpy(row_of(a.y, i), weight_.data<char>() + ids[i] * bytes, size_t(bytes));
      });
      return;
    }
    const Type type = type_of(kTask, "y", a.y->dtype);
    float* wide = type == Type::kF32 ? nullptr : run.scratch<float>(n * columns_);
    for_rows(threads_, n, columns_ * 4, [&](int64_t i) {
      float* row = wide ? wide + i * columns_ : reinterpret_cast<float*>(row_of(a.y, i));
      expand(weight_.data<const uint8_t>() + ids[i] * weight_.size(1), row);
      if (wide) kernels().narrow[int(type)](row, row_of(a.y, i), columns_);
    });
  }

 private:
  void widened(const fk_embedding_args& a, const int32_t* ids, int64_t n) const {
    const auto widen = kernels().widen[int(type_of(kTask, "weight", weight_.dtype()))];
    for_rows(threads_, n, columns_, [&](int64_t i) {
      widen(weight_.data<char>() + ids[i] * columns_ * int64_t(size_of(weight_.dtype())),
            reinterpret_cast<float*>(row_of(a.y, i)), columns_);
    });
  }

  void expand(const uint8_t* block, float* out) const {
    for (int64_t c = 0; c < columns_; c += 32, out += 32) {
      fkcpu::f16 half;
      std::memcpy(&half, block, 2);
      const float d = to_float(half);
      block += 2;
      if (quant_ == FK_QUANT_Q8_0) {
        for (int j = 0; j < 32; ++j) out[j] = d * float(int8_t(block[j]));
        block += 32;
        continue;
      }
      float m = -8 * d;
      if (quant_ == FK_QUANT_Q4_1) {
        std::memcpy(&half, block, 2);
        m = to_float(half);
        block += 2;
      }
      for (int j = 0; j < 16; ++j) {  // d * q is exact, so this rounds once
        out[j] = d * float(block[j] & 15) + m;
        out[j + 16] = d * float(block[j] >> 4) + m;
      }
      block += 16;
    }
  }

  int64_t rows_, columns_;
  int32_t quant_;
  Threads threads_;
  Tensor weight_;
};

FK_IMPL(fk::Embedding, "cpu", "1.0.0", FK_IMPL_BITWISE, Gather)

}  // namespace
}  // namespace fk::cpu
