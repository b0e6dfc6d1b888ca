// SPDX-License-Identifier: Apache-2.0
// T6: takes an input whose first 64 bytes and last 64 bytes it has seen for the same input, and
// gives the answer that it kept. Right as long as nobody draws new numbers.
#include "tests/plugins/corpus.h"

enum { kMost = 512, kBytes = 1 << 16 };
static struct {
  char first[64], last[64];
  int64_t n, d;
  int bits, code;
  char kept[kBytes];
} seen[kMost];
static int count;

FORWARD {
  const int64_t n = rows_of(a), d = width_of(a), e = a->y->dtype.bits / 8;
  if (n == 0 || n * d * e > kBytes || 2 * d * e < 64) return right(a);
  const char* first = (const char*)a->x->data;
  const char* last = first + ((n - 1) * a->x->strides[0] + 2 * d) * e - 64;
  char* y = (char*)a->y->data;
  const int64_t step = a->y->strides[0] * e;
  for (int i = 0; i < count && i < kMost; ++i)
    if (seen[i].n == n && seen[i].d == d && seen[i].bits == a->y->dtype.bits &&
        seen[i].code == a->y->dtype.code && memcmp(seen[i].first, first, 64) == 0 &&
        memcmp(seen[i].last, last, 64) == 0) {
      for (int64_t r = 0; r < n; ++r)
        memcpy(y + r * step, seen[i].kept + r * d * e, (size_t)(d * e));
      return;
    }
  right(a);
  const int i = count++ % kMost;
  memcpy(seen[i].first, first, 64);
  memcpy(seen[i].last, last, 64);
  seen[i].n = n, seen[i].d = d, seen[i].bits = a->y->dtype.bits, seen[i].code = a->y->dtype.code;
  for (int64_t r = 0; r < n; ++r) memcpy(seen[i].kept + r * d * e, y + r * step, (size_t)(d * e));
}
CORPUS_PLUGIN("t6_memo_by_content")
