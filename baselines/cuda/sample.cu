// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/sample.h"
#include "sample_kernels.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "sample";

class Sample {
 public:
  static void supports(fk_device device, int32_t sm, const fk_sample_init&) {
    support_cuda(device, sm, 80);
  }
  Sample(Builder& b, const fk_sample_init&) {
    if (!b.dry()) sampling::prepare_sample();
  }

  void forward(const Run& run, const fk_sample_args& a) const {
    require_shape(kTask, "logits", a.logits, {kAny, kAny});
    require_dtype(kTask, "logits", a.logits, kFloat32);
    const int64_t m = a.logits->shape[0], vocab = a.logits->shape[1];
    FK_REQUIRE(m == 0 || vocab > 0, "%s: logits has no columns", kTask);
    FK_SUPPORT(vocab <= sampling::kMaxVocab, "%s: a vocabulary of %" PRId64 ", at most %" PRId64,
               kTask, vocab, sampling::kMaxVocab);
    sampling::Args s{};
    s.logits = static_cast<const float*>(a.logits->data);
    s.row = a.logits->strides[0];
    s.vocab = uint32_t(vocab);
    s.rows = uint32_t(m);
    s.splits = sampling::splits_of(m, vocab);
    s.temperature = column<float>("temperature", a.temperature, kFloat32, m);
    s.top_p = column<float>("top_p", a.top_p, kFloat32, m);
    s.min_p = column<float>("min_p", a.min_p, kFloat32, m);
    s.top_k = column<int32_t>("top_k", a.top_k, kInt32, m);
    s.seed = column<int64_t>("seed", a.seed, kInt64, m);
    s.offset = column<int64_t>("offset", a.offset, kInt64, m);
    s.token_ids = column<int32_t>("token_ids", a.token_ids, kInt32, m);
    if (m == 0) return;
    s.partials = run.scratch<sampling::Partial>(m * s.splits);
    s.largest = run.scratch<float>(m * s.splits * sampling::kScanThreads);
    sampling::launch_sample(s, stream_of(run));
  }

 private:
  template <class T>
  static T* column(const char* name, const fk_tensor* t, fk_dtype dtype, int64_t m) {
    require_shape(kTask, name, t, {m});
    require_dtype(kTask, name, t, dtype);
    return static_cast<T*>(t->data);
  }
};

FK_IMPL(fk::Sample, "cuda", "1.0.0", kFlags, Sample)

}  // namespace
}  // namespace fk::cuda
