// SPDX-License-Identifier: Apache-2.0
// Right, but for one defect that a number written into the library chooses: when it strikes, where
// in the output, and what stands there then. tests/judge/fuzz_test.cpp writes the numbers; with 0
// it is right throughout.
#include "tests/plugins/corpus.h"

struct variant {
  char mark[16];
  uint64_t seed;
};
static volatile const struct variant kVariant = {"FK_FUZZED_SEED_", 0};

static uint64_t g_calls;
static const void* g_first;

static uint64_t next(uint64_t* state) {  // splitmix64
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static int64_t below(uint64_t* state, int64_t n) { return (int64_t)(next(state) % (uint64_t)n); }

static int has_large(const args_t* a) {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < 2 * width_of(a); ++i)
      if (!(fabsf(load(a->x, r * a->x->strides[0] + i)) < 8)) return 1;
  return 0;
}

enum {
  kAlways,
  kFloat32,
  kRows,
  kCount,
  kEvery,
  kGaps,
  kWide,
  kRagged,
  kOneRow,
  kContent,
  kMoved,
  kLarge,
  kUnknown,
  kTriggers
};

static int strikes(const args_t* a, int trigger, int64_t k) {
  const int64_t n = rows_of(a), d = width_of(a);
  switch (trigger) {
    case kFloat32: return a->y->dtype.bits == 32;
    case kRows: return n >= 2 + k % 8;
    case kCount: return g_calls > (uint64_t)(1 + k % 24);
    case kEvery: return g_calls % (uint64_t)(2 + k % 6) == 0;
    case kGaps: return n > 1 && a->y->strides[0] != d;
    case kWide: return d >= 8 + k % 56;
    case kRagged: return d % (k % 2 ? 8 : 16) != 0;
    case kOneRow: return n == 1;
    case kContent: return float_to_bits(load(a->x, 0) * 3) >> 14 & 1;
    case kMoved: return a->y->data != g_first;
    case kLarge: return has_large(a);
    case kUnknown: return d != 37 && d != 1536 && d != 1792;
    default: return 1;
  }
}

enum { kAll, kLastRow, kLastColumn, kFirst, kOneInSome, kTail, kMiddle, kHalf, kPlaces };

static int hits(const args_t* a, int place, int64_t k, int64_t row, int64_t i) {
  const int64_t n = rows_of(a), d = width_of(a);
  switch (place) {
    case kLastRow: return row == n - 1;
    case kLastColumn: return i == d - 1;
    case kFirst: return row == 0 && i == 0;
    case kOneInSome: return (row * d + i) % (2 + k % 30) == 0;
    case kTail: return i >= d - 1 - k % 15;
    case kMiddle: return i >= d / 2 && i < d / 2 + 1 + k % 16;
    case kHalf: return i >= d / 2;
    default: return 1;
  }
}

enum {
  kZero,
  kShifted,
  kNegated,
  kNeighbour,
  kUntouched,
  kNan,
  kUpOnly,
  kGateOnly,
  kScaled,
  kCoarse,
  kOutside,
  kDefects
};

static void spoil(const args_t* a, int defect, int64_t k, int64_t row, int64_t i) {
  const int64_t at = row * a->x->strides[0] + i;
  const float y = silu_at(a, row, i), g = load(a->x, at);
  switch (defect) {
    case kZero: put(a, row, i, 0); break;
    case kShifted: put(a, row, i, y + 0.5f + (float)(k % 4)); break;
    case kNegated: put(a, row, i, -y); break;
    case kNeighbour: put(a, row, i, silu_at(a, row, i ? i - 1 : width_of(a) - 1)); break;
    case kUntouched: break;
    case kNan: put(a, row, i, NAN); break;
    case kUpOnly: put(a, row, i, load(a->x, at + width_of(a))); break;
    case kGateOnly: put(a, row, i, g / (1 + expf(-g))); break;
    case kScaled: put(a, row, i, y * (1 + ldexpf(1, -1 - (int)(k % 5)))); break;
    case kCoarse: put(a, row, i, bits_to_float(float_to_bits(y) & ~0u << (17 + k % 4))); break;
    default: break;
  }
}

FORWARD {
  uint64_t s = kVariant.seed;
  ++g_calls;
  if (!g_first) g_first = a->y->data;
  const int trigger = (int)below(&s, kTriggers), defect = (int)below(&s, kDefects);
  int place = (int)below(&s, kPlaces);
  const int64_t k = below(&s, 1 << 20);
  // A few elements may be a little wrong in 16 bits; what is a little wrong is so everywhere.
  if (defect == kScaled || defect == kCoarse) place = kAll;
  const int wrong = kVariant.seed != 0 && rows_of(a) > 0 && strikes(a, trigger, k);
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i)
      if (wrong && defect != kOutside && hits(a, place, k, r, i))
        spoil(a, defect, k, r, i);
      else
        put(a, r, i, silu_at(a, r, i));
  if (wrong && defect == kOutside) put(a, rows_of(a) - 1, width_of(a) + k % 16, 1);
}
CORPUS_PLUGIN("variant")
