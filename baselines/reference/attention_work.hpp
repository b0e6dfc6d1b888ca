// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>

#include "storage.hpp"

namespace fk::reference {

// What attention loops write on: all keys and values of one sequence's kv head as doubles, shared
// by the heads that read them, and for each thread a weight for every key and two rows.
class AttentionWork {
 public:
  AttentionWork(const Run& run, const Threads& threads, int64_t keys, int64_t head_size)
      : keys_(keys),
        size_(head_size),
        key_(run.scratch<double>(keys * head_size)),
        value_(run.scratch<double>(keys * head_size)),
        own_(run.scratch<double>(threads.count() * doubles())) {}

  double* key(int64_t p) const { return key_ + p * size_; }
  double* value(int64_t p) const { return value_ + p * size_; }
  double* query(int thread) const { return own_ + thread * doubles(); }
  double* sum(int thread) const { return query(thread) + size_; }
  double* weight(int thread) const { return sum(thread) + size_; }

  // softmax(score(p, query . key)) . value over the keys [first, last), into sum(thread); zeros
  // where there is none. score(p, product) is the key's logit.
  template <class F>
  void attend(int thread, int64_t first, int64_t last, const F& score) const {
    const double* q = query(thread);
    double *w = weight(thread), *out = sum(thread), largest = -INFINITY, total = 0;
    for (int64_t p = first; p < last; ++p) {
      const double* k = key(p);
      double part[4] = {0, 0, 0, 0};  // one sum would wait for itself
      int64_t i = 0;
      for (; i + 4 <= size_; i += 4)
        for (int64_t j = 0; j < 4; ++j) part[j] += q[i + j] * k[i + j];
      for (; i < size_; ++i) part[0] += q[i] * k[i];
      w[p] = score(p, (part[0] + part[1]) + (part[2] + part[3]));
      largest = std::max(largest, w[p]);
    }
    std::fill(out, out + size_, 0.0);
    for (int64_t p = first; p < last; ++p) {
      const double e = std::exp(w[p] - largest);
      const double* v = value(p);
      total += e;
      for (int64_t i = 0; i < size_; ++i) out[i] += e * v[i];
    }
    for (int64_t i = 0; i < size_; ++i) out[i] = total > 0 ? out[i] / total : 0;
  }

 private:
  int64_t doubles() const { return keys_ + 2 * size_; }
  int64_t keys_, size_;
  double *key_, *value_, *own_;
};

}  // namespace fk::reference
