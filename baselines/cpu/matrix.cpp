// SPDX-License-Identifier: Apache-2.0
#include "matrix.hpp"

#include <algorithm>
#include <cstring>

namespace fkcpu {
namespace {

// Up to these many rows of x the weights' way through memory costs more than the arithmetic.
constexpr int64_t kFewDense = 16, kFewQuant = 8;
constexpr int64_t kPanelBytes =
    384 << 10;                      // of dequantised panels that one thread keeps in its L2 cache
constexpr int64_t kMaxDepth = 768;  // columns of a panel; longer rows are summed in parts
constexpr int64_t kMaxRows = 2048;  // rows of x packed at a time

const char* at(const Rows& r, int64_t row) {
  return static_cast<const char*>(r.data) + row * r.stride * type_bytes(r.type);
}
char* out_at(const Rows& r, int64_t row, int64_t column) {
  return static_cast<char*>(r.data) + (row * r.stride + column) * type_bytes(r.type);
}

// The low nibbles of eight bytes, the first one lowest.
uint32_t low_nibbles(uint64_t x) {
  x &= 0x0f0f0f0f0f0f0f0f;
  x = (x | x >> 4) & 0x00ff00ff00ff00ff;
  x = (x | x >> 8) & 0x0000ffff0000ffff;
  return uint32_t(x | x >> 16);
}

void finish(const Kernels& k, const float* from, const float* bias, const Rows& y, int64_t row,
            int64_t column, int64_t n) {
  if (bias)
    k.narrow_bias[int(y.type)](from, bias + column, out_at(y, row, column), n);
  else
    k.narrow[int(y.type)](from, out_at(y, row, column), n);
}

}  // namespace

Matrix Matrix::dense(Type type, const void* weights, int64_t out, int64_t in) {
  Matrix m;
  m.type_ = type;
  m.data_ = static_cast<const uint8_t*>(weights);
  m.out_ = out;
  m.in_ = in;
  return m;
}

Matrix Matrix::quantised(Quant quant, const uint8_t* packed, int64_t out, int64_t in) {
  Matrix m;
  m.is_quant_ = true;
  m.quant_ = quant;
  m.data_ = packed;
  m.out_ = out;
  m.in_ = in;
  return m;
}

size_t Matrix::packed_bytes(Quant quant, int64_t out, int64_t in) {
  return size_t(groups(out) * (in / 32) * record_bytes(quant));
}

void Matrix::pack(Quant quant, const uint8_t* blocks, int64_t out, int64_t in, int64_t begin,
                  int64_t end, uint8_t* to) {
  const int64_t per_row = in / 32, bytes = block_bytes(quant), record = record_bytes(quant);
  for (int64_t g = begin; g < end; ++g) {
    for (int64_t b = 0; b < per_row; ++b) {
      uint8_t* p = to + (g * per_row + b) * record;
      std::memset(p, 0, size_t(record));
      for (int64_t r = 0; r < kGroup && g * kGroup + r < out; ++r) {
        const uint8_t* block = blocks + ((g * kGroup + r) * per_row + b) * bytes;
        std::memcpy(p + r * 2, block, 2);
        if (quant == Quant::kQ4_1) std::memcpy(p + 32 + r * 2, block + 2, 2);
        const uint8_t* codes = block + (quant == Quant::kQ4_1 ? 4 : 2);
        uint8_t* packed = p + (quant == Quant::kQ4_1 ? 64 : 32);
        if (quant == Quant::kQ8_0) {
          for (int c = 0; c < 32; ++c) packed[c * kGroup + r] = codes[c];
          continue;
        }
        // The file keeps columns j and j + 16 in one byte.
        for (int half = 0; half < 2; ++half) {
          uint64_t bytes8;
          std::memcpy(&bytes8, codes + 8 * half, 8);
          const uint32_t low = low_nibbles(bytes8), high = low_nibbles(bytes8 >> 4);
          std::memcpy(packed + half * 64 + r * 4, &low, 4);
          std::memcpy(packed + (2 + half) * 64 + r * 4, &high, 4);
        }
      }
    }
  }
}

void Matrix::multiply(const Rows& x, int64_t n, const Rows& y, const float* bias,
                      const Workers& workers, const Kernels& kernels) const {
  if (n <= 0 || out_ <= 0) return;
  if (n <= (is_quant_ ? kFewQuant : kFewDense)) return few_rows(x, n, y, bias, workers, kernels);
  for (int64_t row = 0; row < n; row += kMaxRows) {
    const Rows xs{const_cast<char*>(at(x, row)), x.type, x.stride},
        ys{out_at(y, row, 0), y.type, y.stride};
    many_rows(xs, std::min(kMaxRows, n - row), ys, bias, workers, kernels);
  }
}

void Matrix::few_rows(const Rows& x, int64_t n, const Rows& y, const float* bias,
                      const Workers& workers, const Kernels& kernels) const {
  const float* wide = static_cast<const float*>(x.data);
  int64_t ldx = x.stride;
  if (x.type != Type::kF32) {
    float* copy = static_cast<float*>(workers.scratch(size_t(n * in_) * 4));
    for (int64_t i = 0; i < n; ++i) kernels.widen[int(x.type)](at(x, i), copy + i * in_, in_);
    wide = copy;
    ldx = in_;
  }
  const int64_t padded = is_quant_ ? round_up(out_, kGroup) : out_;
  const bool direct = y.type == Type::kF32 && !bias && padded == out_;
  float* result = direct ? static_cast<float*>(y.data)
                         : static_cast<float*>(workers.scratch(size_t(n * padded) * 4));
  const int64_t ldr = direct ? y.stride : padded;
  // A small product is over before another thread wakes: low-rank projections stay on this one.
  const bool alone = n * in_ * out_ < 1 << 15;
  const auto split = [&](int64_t count, const auto& body) {
    alone ? body(0, count, 0) : workers.parallel_for(count, body);
  };
  const auto done = [&](int64_t begin, int64_t end) {
    if (!direct && begin < end)
      for (int64_t i = 0; i < n; ++i)
        finish(kernels, result + i * ldr + begin, bias, y, i, begin, end - begin);
  };
  if (is_quant_) {
    const int64_t blocks = in_ / 32;
    float* sums = static_cast<float*>(workers.scratch(size_t(n * blocks) * 4));
    for (int64_t i = 0; i < n; ++i) kernels.block_sums(wide + i * ldx, sums + i * blocks, blocks);
    split(groups(out_), [&](int64_t begin, int64_t end, int) {
      kernels.quant_dot[int(quant_)]({data_, blocks, wide, sums, ldx, n, result, ldr, begin, end});
      done(begin * kGroup, std::min(end * kGroup, out_));
    });
    return;
  }
  constexpr int64_t kUnit = 16;  // rows of w: whole cache lines of y for every thread
  split((out_ + kUnit - 1) / kUnit, [&](int64_t begin, int64_t end, int) {
    begin *= kUnit;
    end = std::min(end * kUnit, out_);
    kernels.dot[int(type_)]({data_, in_, in_, wide, ldx, n, result, ldr, begin, end});
    done(begin, end);
  });
}

void Matrix::many_rows(const Rows& x, int64_t n, const Rows& y, const float* bias,
                       const Workers& workers, const Kernels& kernels) const {
  const int64_t tile = kernels.tile, tiles = (n + tile - 1) / tile, in = in_;
  // Tiles of nearly equal height: a last one of two rows would cost as much as a full one.
  const auto first_row = [&](int64_t t) { return n * t / tiles; };
  float* packed = static_cast<float*>(workers.scratch(size_t(tiles * tile * in) * 4));
  // Layout: for every part of the columns, tile after tile of [columns][tile].
  const int64_t parts = std::max<int64_t>(1, (in + kMaxDepth - 1) / kMaxDepth);
  const int64_t depth = round_up((in + parts - 1) / parts, 32);
  const int64_t total_groups = groups(out_), step = kernels.panels;
  const int64_t fit = std::max<int64_t>(kPanelBytes / (depth * kGroup * 4) / step, 1) * step;
  const int64_t block =
      std::min(fit, round_up(total_groups, step));  // groups whose panels stand in cache together
  const int64_t ldc = block * kGroup, c_rows = parts == 1 ? tile : tiles * tile;
  const int64_t per_thread = round_up(block * kGroup * depth + c_rows * ldc, 64);
  float* local = static_cast<float*>(workers.scratch(size_t(per_thread * workers.count()) * 4));

  workers.parallel_for(tiles, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t k0 = 0; k0 < in; k0 += depth)
        kernels.pack_x[int(x.type)](
            at(x, first_row(t)) + k0 * type_bytes(x.type), x.stride,
            int(first_row(t + 1) - first_row(t)), std::min(depth, in - k0),
            packed + tiles * tile * k0 + t * tile * std::min(depth, in - k0));
  });
  workers.parallel_for(
      (total_groups + step - 1) / step, [&](int64_t begin, int64_t end, int thread) {
        float* panels = local + thread * per_thread;
        float* c = panels + block * kGroup * depth;
        const int64_t last = std::min(end * step, total_groups);
        for (int64_t g0 = begin * step; g0 < last; g0 += block) {
          const int64_t count = std::min(block, last - g0);
          for (int64_t k0 = 0; k0 < in; k0 += depth) {
            const int64_t k = std::min(depth, in - k0);
            for (int64_t g = 0; g < count; ++g) {
              const int64_t row = (g0 + g) * kGroup;
              if (is_quant_)
                kernels.quant_panel[int(quant_)](
                    data_ + ((g0 + g) * (in / 32) + k0 / 32) * record_bytes(quant_), k / 32,
                    panels + g * kGroup * depth);
              else
                kernels.panel[int(type_)](data_ + (row * in + k0) * type_bytes(type_), in,
                                          int(std::min<int64_t>(kGroup, out_ - row)), k,
                                          panels + g * kGroup * depth);
            }
            const int64_t column = g0 * kGroup, width = std::min(count * kGroup, out_ - column);
            const bool direct = y.type == Type::kF32 && width == count * kGroup;
            for (int64_t t = 0; t < tiles; ++t) {
              const int64_t row = first_row(t);
              const int rows = int(first_row(t + 1) - row);
              float* to = direct       ? reinterpret_cast<float*>(out_at(y, row, column))
                          : parts == 1 ? c
                                       : c + t * tile * ldc;
              const int64_t ldt = direct ? y.stride : ldc;
              kernels.gemm({packed + tiles * tile * k0 + t * tile * k, panels, kGroup * depth, k,
                            rows, int(count), to, ldt, k0 > 0, bias ? bias + column : nullptr});
              if (direct || k0 + k < in) continue;
              for (int64_t r = 0; r < rows; ++r)
                kernels.narrow[int(y.type)](to + r * ldc, out_at(y, row + r, column), width);
            }
          }
        }
      });
}

}  // namespace fkcpu
