// SPDX-License-Identifier: Apache-2.0
// Rows of a table: copied where the dtypes agree, converted where y is float32 in a 16-bit run,
// dequantised where they are GGUF blocks (a thread an element: a row is read once a token, so the
// blocks' odd sizes do not matter).
#include "copy_rows.cuh"
#include "fk/structs/quant.h"
#include "fk/tasks/embedding.h"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "embedding";

template <class W, class Y>
__global__ void __launch_bounds__(256)
    convert_rows_kernel(const W* weight, int64_t weight_row, Y* y, int64_t y_row,
                        const int32_t* ids, uint32_t columns, uint32_t rows) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t at = blockIdx.y * blockDim.x + threadIdx.x, id = uint32_t(ids[blockIdx.x]);
  if (at >= columns) return;
  const float v = id < rows ? device::to_float(weight[id * weight_row + at]) : 0.f;
  y[blockIdx.x * y_row + at] = device::from_float<Y>(v);
}

// d * q and d * q + m are rounded separately, as the formats are defined: no fused multiply-add.
template <int32_t kQuant>
__device__ float element(const uint8_t* row, uint32_t at) {
  constexpr uint32_t kBytes = kQuant == FK_QUANT_Q8_0 ? 34 : kQuant == FK_QUANT_Q4_0 ? 18 : 20;
  const uint8_t* b = row + at / 32 * kBytes;
  const uint32_t j = at % 32;
  const auto half = [&](int i) {
    return __half2float(__ushort_as_half(uint16_t(b[i] | b[i + 1] << 8)));
  };
  if constexpr (kQuant == FK_QUANT_Q8_0) return __fmul_rn(half(0), float(int8_t(b[2 + j])));
  const uint8_t pair = b[(kQuant == FK_QUANT_Q4_0 ? 2 : 4) + j % 16];
  const int q = j < 16 ? pair & 15 : pair >> 4;
  if constexpr (kQuant == FK_QUANT_Q4_0) return __fmul_rn(half(0), float(q - 8));
  return __fadd_rn(__fmul_rn(half(0), float(q)), half(2));
}

template <int32_t kQuant, class Y>
__global__ void __launch_bounds__(256)
    dequantize_rows_kernel(const uint8_t* blocks, int64_t row_bytes, Y* y, int64_t y_row,
                           const int32_t* ids, uint32_t columns, uint32_t rows) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t at = blockIdx.y * blockDim.x + threadIdx.x, id = uint32_t(ids[blockIdx.x]);
  if (at >= columns) return;
  const float v = id < rows ? element<kQuant>(blocks + id * row_bytes, at) : 0.f;
  y[blockIdx.x * y_row + at] = device::from_float<Y>(v);
}

class Embedding {
 public:
  static void supports(fk_device device, int32_t sm, const fk_embedding_init&) {
    support_cuda(device, sm, 80);
  }
  Embedding(Builder& b, const fk_embedding_init& i)
      : rows_(i.num_embeddings),
        columns_(i.embedding_dim),
        quant_(i.quant),
        weight_(b.param(i.quant == FK_QUANT_NONE ? "weight" : "blocks")) {
    FK_REQUIRE(quant_ == FK_QUANT_NONE || columns_ % 32 == 0,
               "a quantised row has whole blocks of 32 weights; %" PRId64 " columns are not",
               columns_);
  }

  void forward(const Run& run, const fk_embedding_args& a) const {
    require_shape(kTask, "ids", a.ids, {kAny});
    require_dtype(kTask, "ids", a.ids, kInt32);
    const int64_t n = a.ids->shape[0];
    require_shape(kTask, "y", a.y, {n, columns_});
    if (!n || !columns_) return;
    const auto* ids = static_cast<const int32_t*>(a.ids->data);
    const auto stream = stream_of(run);
    if (quant_ == FK_QUANT_NONE && weight_.dtype() == a.y->dtype) {
      const int64_t e = int64_t(size_of(a.y->dtype));
      return launch_copy_rows({weight_.data<const char>(), static_cast<char*>(a.y->data), ids,
                               weight_.stride(0) * e, a.y->strides[0] * e, 0, uint32_t(rows_)},
                              n, columns_ * e, stream);
    }
    const dim3 grid(uint32_t(n), uint32_t((columns_ + 255) / 256)), block(256);
    with_type(kTask, "y", a.y->dtype, [&](auto type) {
      using Y = decltype(type);
      Y* y = static_cast<Y*>(a.y->data);
      const auto go = [&](auto kernel, auto weight) {
        launch(kernel, grid, block, 0, stream, true, weight, weight_.stride(0), y, a.y->strides[0],
               ids, uint32_t(columns_), uint32_t(rows_));
      };
      const uint8_t* blocks = weight_.data<const uint8_t>();
      if (quant_ == FK_QUANT_Q8_0) return go(dequantize_rows_kernel<FK_QUANT_Q8_0, Y>, blocks);
      if (quant_ == FK_QUANT_Q4_0) return go(dequantize_rows_kernel<FK_QUANT_Q4_0, Y>, blocks);
      if (quant_ == FK_QUANT_Q4_1) return go(dequantize_rows_kernel<FK_QUANT_Q4_1, Y>, blocks);
      with_type(kTask, "weight", weight_.dtype(), [&](auto stored) {
        using W = decltype(stored);
        go(convert_rows_kernel<W, Y>, weight_.data<const W>());
      });
    });
  }

 private:
  int64_t rows_, columns_;
  int32_t quant_;
  Tensor weight_;
};

FK_IMPL(fk::Embedding, "cuda", "1.0.0", kFlags, Embedding)

}  // namespace
}  // namespace fk::cuda
