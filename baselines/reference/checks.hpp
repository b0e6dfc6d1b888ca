// SPDX-License-Identifier: Apache-2.0
// Argument checks whose messages name the task, the tensor, what was found and what was expected.
#pragma once
#include <cinttypes>
#include <cstdio>
#include <initializer_list>

#include "fk/plugin.hpp"

namespace fk::reference {

inline constexpr int64_t kAny = -1;

// "[3, *, 64]"; any dimension prints as "*".
struct ShapeText {
  char text[128];
  ShapeText(const int64_t* dims, int count) {
    int at = std::snprintf(text, sizeof text, "[");
    for (int i = 0; i < count && at < int(sizeof text) - 24; ++i) {
      const char* comma = i ? ", " : "";
      at += dims[i] == kAny
                ? std::snprintf(text + at, sizeof text - size_t(at), "%s*", comma)
                : std::snprintf(text + at, sizeof text - size_t(at), "%s%" PRId64, comma, dims[i]);
    }
    std::snprintf(text + at, sizeof text - size_t(at), "]");
  }
};

inline void require_present(const char* task, const char* name, const fk_tensor* t) {
  FK_REQUIRE(t != nullptr, "%s: %s is missing", task, name);
}

// The shape (kAny: any size) and a last dimension of stride 1.
inline void require_shape(const char* task, const char* name, const fk_tensor* t,
                          std::initializer_list<int64_t> want) {
  require_present(task, name, t);
  bool ok = t->ndim == int(want.size());
  for (int i = 0; ok && i < t->ndim; ++i)
    ok = want.begin()[i] == kAny || want.begin()[i] == t->shape[i];
  FK_REQUIRE(ok, "%s: %s is %s, want %s", task, name, ShapeText(t->shape, t->ndim).text,
             ShapeText(want.begin(), int(want.size())).text);
  FK_REQUIRE(t->ndim == 0 || t->strides[t->ndim - 1] == 1 || t->shape[t->ndim - 1] <= 1,
             "%s: the last dimension of %s has stride %" PRId64 ", want 1", task, name,
             t->strides[t->ndim - 1]);
}

inline void require_dtype(const char* task, const char* name, const fk_tensor* t, fk_dtype want) {
  FK_REQUIRE(t->dtype == want, "%s: %s has dtype code %d with %d bits, want code %d with %d bits",
             task, name, t->dtype.code, t->dtype.bits, want.code, want.bits);
}

}  // namespace fk::reference
