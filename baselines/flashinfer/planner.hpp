// SPDX-License-Identifier: Apache-2.0
// FlashInfer's prefill plan of a step, made once for all instances that share it: every layer's
// instance is told of a step, the first one plans.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "fa3.hpp"
#include "fk/cuda.hpp"
#include "fk/structs/batch_step.h"

namespace fk::flashinfer {

class Planner {
 public:
  // The planner of these heads on this stream; it lives as long as somebody holds it.
  static std::shared_ptr<Planner> of(int device, cudaStream_t stream, int num_heads,
                                     int num_kv_heads) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<Planner>> all;
    std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& p) { return p.expired(); });
    for (const auto& held : all)
      if (auto p = held.lock(); p && p->device_ == device && p->stream_ == stream &&
                                p->num_heads_ == num_heads && p->num_kv_heads_ == num_kv_heads)
        return p;
    std::shared_ptr<Planner> made(new Planner(device, stream, num_heads, num_kv_heads));
    all.push_back(made);
    return made;
  }
  Planner(const Planner&) = delete;
  ~Planner() {
    for (Slot& s : slots_) {
      if (s.copied) cudaEventDestroy(s.copied);
      cudaFreeHost(s.pinned);
    }
    cudaFree(ints_);
  }

  bool on(cudaStream_t stream) const { return stream == stream_; }

  // Plans for the sequences after the leading singles, unless the step is the one planned last. The
  // cache is addressed through the step's block table itself, row s beginning at s * stride: no
  // list of blocks has to be made.
  void plan(const fk_batch_step& step) {
    const int32_t* starts = Tensor(step.query_start_loc_host).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens_host).data<int32_t>();
    const int64_t n = step.num_seqs, stride = Tensor(step.block_table).stride(0);
    FK_REQUIRE(n * stride <= INT32_MAX, "paged_attention: the block table is too large");
    const auto same = [&] {
      return planned_ && int64_t(lengths_.size()) == n && stride == stride_ &&
             std::equal(starts_.begin(), starts_.end(), starts) &&
             std::equal(lengths_.begin(), lengths_.end(), lengths);
    };
    if (same()) return;
    planned_ = false;
    starts_.assign(starts, starts + n + 1);
    lengths_.assign(lengths, lengths + n);
    stride_ = stride;
    int64_t first = 0;
    while (first < n && starts[first + 1] - starts[first] == 1) ++first;
    singles_ = first;
    shifted_.clear();
    tables_.clear();
    for (int64_t s = first; s < n; ++s) {
      FK_REQUIRE(starts[s + 1] - starts[s] <= lengths[s],
                 "paged_attention: sequence %lld has %d tokens, %d of them new", (long long)s,
                 lengths[s], starts[s + 1] - starts[s]);
      shifted_.push_back(starts[s] - starts[first]);
      tables_.push_back(int32_t(s * stride));
    }
    shifted_.push_back(starts[n] - starts[first]);
    Slot& slot = slots_[next_++ % kSlots];
    FK_CUDA_CHECK(cudaEventSynchronize(slot.copied));  // steps ago: in practice long done
    plan_ = fa3_plan({ints_, slot.pinned, kBytes}, shifted_.data(), tables_.data(),
                     lengths_.data() + first, int(step.num_tokens - first), int(n - first),
                     num_heads_, num_kv_heads_, stream_);
    FK_CUDA_CHECK(cudaEventRecord(slot.copied, stream_));
    planned_ = true;
  }

  // The sequences of one query that the planned step begins with, as engines order it. A tile of
  // the prefill kernel would hold one row of each: they are left to a decode kernel.
  int64_t singles() const { return singles_; }

  void run(const Fa3Call& call) const {
    FK_REQUIRE(planned_, "paged_attention: forward without on_step");
    fa3_run({ints_, nullptr, kBytes}, plan_, call, stream_);
  }

 private:
  static constexpr size_t kBytes = size_t{8} << 20;  // 4096 tiles of 64 heads at 28 bytes
  static constexpr int kSlots = 4;
  struct Slot {
    void* pinned = nullptr;
    cudaEvent_t copied = nullptr;
  };

  Planner(int device, cudaStream_t stream, int num_heads, int num_kv_heads)
      : device_(device), stream_(stream), num_heads_(num_heads), num_kv_heads_(num_kv_heads) {
    FK_CUDA_CHECK(cudaMalloc(&ints_, kBytes));
    for (Slot& s : slots_) {
      FK_CUDA_CHECK(cudaMallocHost(&s.pinned, kBytes));
      FK_CUDA_CHECK(cudaEventCreateWithFlags(&s.copied, cudaEventDisableTiming));
    }
  }

  int device_;
  cudaStream_t stream_;
  int num_heads_, num_kv_heads_;
  void* ints_ = nullptr;
  Slot slots_[kSlots];
  unsigned next_ = 0;
  bool planned_ = false;
  int64_t stride_ = 0, singles_ = 0;
  std::vector<int32_t> starts_, lengths_;  // of the whole step, to know it again
  std::vector<int32_t> shifted_, tables_;  // of what is planned
  Fa3Plan plan_{};
};

}  // namespace fk::flashinfer
