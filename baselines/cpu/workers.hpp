// SPDX-License-Identifier: Apache-2.0
// Threads and scratch that a caller lends to one call.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fkcpu {

// A reference to a callable (begin, end, thread): a std::function would allocate on the forward
// path.
class Body {
 public:
  template <class F>
  Body(const F& f)
      : f_(&f), call_([](const void* g, int64_t b, int64_t e, int t) {
          (*static_cast<const F*>(g))(b, e, t);
        }) {}
  void operator()(int64_t begin, int64_t end, int thread) const { call_(f_, begin, end, thread); }

 private:
  const void* f_;
  void (*call_)(const void*, int64_t, int64_t, int);
};

class Workers {
 public:
  virtual int count() const = 0;
  // body over disjoint contiguous ranges of [0, n); thread < count()
  virtual void parallel_for(int64_t n, Body body) const = 0;
  // 64-byte aligned at least, alive until the call ends; only from the calling thread, outside
  // parallel_for
  virtual void* scratch(size_t bytes) const = 0;

 protected:
  ~Workers() = default;
};

}  // namespace fkcpu
