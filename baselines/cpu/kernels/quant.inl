// SPDX-License-Identifier: Apache-2.0
// Few rows of x against a packed quantised matrix (see kernels.hpp for the layout). A lane is an
// output row, so nothing is ever summed across lanes, and a block costs per 16 weights one shift,
// one permute and one FMA with a broadcast of x. y = sum over blocks of d * (codes . x) + m *
// sum(x): the codes are used exactly.

template <Quant Q, int N>
void quant_rows(const QuantDotArgs& a, const uint8_t* group, const float* x, const float* sums,
                float* y) {
  constexpr int kStep = record_bytes(Q);
  for (int h = 0; h < kGroup; h += W) {  // lanes h .. h + W - 1 of the group
    const uint8_t* record = group;
    V total[N];
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) total[j] = zero();
    for (int64_t b = 0; b < a.blocks; ++b, record += kStep) {
      for (int line = 0; line < kStep && h == 0; line += 64)
        __builtin_prefetch(record + 2048 + line);
      const uint8_t* codes = record + (Q == Quant::kQ4_1 ? 64 : 32);
      V part[2][N];  // columns 0-15 and 16-31: two chains hide the latency
#pragma GCC unroll 8
      for (int j = 0; j < N; ++j) part[0][j] = part[1][j] = zero();
      const float* xb = x + b * 32;
      if constexpr (Q == Quant::kQ8_0) {
#pragma GCC unroll 32
        for (int c = 0; c < 32; ++c) {
          const V q = from_i8(reinterpret_cast<const int8_t*>(codes) + c * kGroup + h);
#pragma GCC unroll 8
          for (int j = 0; j < N; ++j)
            part[c & 1][j] = fma(q, set1(xb[j * a.ldx + c]), part[c & 1][j]);
        }
      } else {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          const I words = load_words(codes + i * 64 + h * 4);
#pragma GCC unroll 8
          for (int s = 0; s < 8; ++s) {
            const V q = nibble(words, s);
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j)
              part[s & 1][j] = fma(q, set1(xb[j * a.ldx + i * 8 + s]), part[s & 1][j]);
          }
        }
      }
      const V d = load(reinterpret_cast<const f16*>(record) + h);
#pragma GCC unroll 8
      for (int j = 0; j < N; ++j) total[j] = fma(d, part[0][j] + part[1][j], total[j]);
      if constexpr (Q == Quant::kQ4_1) {
        const V m = load(reinterpret_cast<const f16*>(record + 32) + h);
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) total[j] = fma(m, set1(sums[j * a.blocks + b]), total[j]);
      }
      if constexpr (Q == Quant::kQ4_0) {  // codes stand for q - 8
        const V m = d * set1(-8.0f);
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) total[j] = fma(m, set1(sums[j * a.blocks + b]), total[j]);
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) store(y + j * a.ldy + h, total[j]);
  }
}

template <Quant Q>
void quant_dot(const QuantDotArgs& a) {
  for (int64_t g = a.begin; g < a.end; ++g) {
    const uint8_t* group = a.w + g * a.blocks * record_bytes(Q);
    int64_t j = 0;
    const auto rows = [&](auto run, int n) {
      run(a, group, a.x + j * a.ldx, a.sums + j * a.blocks, a.y + j * a.ldy + g * kGroup);
      j += n;
    };
    while (j + 4 <= a.n && W == 16) rows(quant_rows<Q, 4>, 4);
    while (j + 2 <= a.n) rows(quant_rows<Q, 2>, 2);
    if (j < a.n) rows(quant_rows<Q, 1>, 1);
  }
}

// [blocks * 32][16] exact fp32 values: d * q + m in one rounding, as the format defines it.
template <Quant Q>
void quant_panel(const uint8_t* records, int64_t blocks, float* panel) {
  for (int64_t b = 0; b < blocks; ++b, records += record_bytes(Q), panel += 32 * kGroup) {
    const uint8_t* codes = records + (Q == Quant::kQ4_1 ? 64 : 32);
    for (int h = 0; h < kGroup; h += W) {
      const V d = load(reinterpret_cast<const f16*>(records) + h);
      if constexpr (Q == Quant::kQ8_0) {
        for (int c = 0; c < 32; ++c)
          store(panel + c * kGroup + h,
                d * from_i8(reinterpret_cast<const int8_t*>(codes) + c * kGroup + h));
      } else {
        const V m = Q == Quant::kQ4_1 ? load(reinterpret_cast<const f16*>(records + 32) + h)
                                      : d * set1(-8.0f);
        for (int i = 0; i < 4; ++i) {
          const I words = load_words(codes + i * 64 + h * 4);
#pragma GCC unroll 8
          for (int s = 0; s < 8; ++s)
            store(panel + (i * 8 + s) * kGroup + h, fma(d, nibble(words, s), m));
        }
      }
    }
  }
}
