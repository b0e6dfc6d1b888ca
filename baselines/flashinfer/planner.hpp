// SPDX-License-Identifier: Apache-2.0
// FlashInfer's prefill plan of a step, made once for all instances that share it: every layer's
// instance is told of a step, the first one plans.
#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "fa3.hpp"
#include "fk/cuda.hpp"
#include "fk/structs/batch_step.h"
#include "step_parts.hpp"

namespace fk::flashinfer {

// An attention that computes the fresh sequences of a step itself says so while it has its
// paged_attention built; an instance of ours that is made meanwhile leaves them to it.
class FreshTaken {
 public:
  FreshTaken() : outer_(std::exchange(innermost_, this)) {}
  FreshTaken(const FreshTaken&) = delete;
  ~FreshTaken() { innermost_ = outer_; }
  bool heard() const { return heard_; }
  static bool listen() {
    if (innermost_) innermost_->heard_ = true;
    return innermost_ != nullptr;
  }

 private:
  static inline thread_local FreshTaken* innermost_ = nullptr;
  FreshTaken* outer_;
  bool heard_ = false;
};

// With `split` the fresh sequences of a step are planned apart, for the ragged kernel.
class Planner {
 public:
  // The planner of these heads on this stream; it lives as long as somebody holds it.
  static std::shared_ptr<Planner> of(int device, cudaStream_t stream, int num_heads,
                                     int num_kv_heads, bool split) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<Planner>> all;
    std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& p) { return p.expired(); });
    for (const auto& held : all)
      if (auto p = held.lock(); p && p->device_ == device && p->stream_ == stream &&
                                p->num_heads_ == num_heads && p->num_kv_heads_ == num_kv_heads &&
                                p->split_ == split)
        return p;
    std::shared_ptr<Planner> made(new Planner(device, stream, num_heads, num_kv_heads, split));
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

  // Plans unless the step is the one planned last. The cache is addressed through the step's block
  // table itself, row s beginning at s * stride: no list of blocks has to be made.
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
    parts_ = parts_of(starts, lengths, n);
    if (!split_) parts_.fresh = n;
    for (int64_t s = parts_.singles; s < n; ++s)
      FK_REQUIRE(starts[s + 1] - starts[s] <= lengths[s],
                 "paged_attention: sequence %lld has %d tokens, %d of them new", (long long)s,
                 lengths[s], starts[s + 1] - starts[s]);
    Slot& slot = slots_[next_++ % kSlots];
    FK_CUDA_CHECK(cudaEventSynchronize(slot.copied));  // steps ago: in practice long done
    paged_plan_ = plan_part(kPaged, slot, parts_.singles, parts_.fresh);
    fresh_plan_ = plan_part(kFresh, slot, parts_.fresh, n);
    FK_CUDA_CHECK(cudaEventRecord(slot.copied, stream_));
    planned_ = true;
  }

  // Of the planned step: sequences of one query that it begins with; sequences, and rows of query,
  // before the fresh ones; sequences that are fresh.
  int64_t singles() const { return planned().singles; }
  int64_t paged_seqs() const { return planned().fresh; }
  int64_t paged_rows() const { return starts_[size_t(planned().fresh)]; }
  int64_t fresh_seqs() const { return int64_t(lengths_.size()) - planned().fresh; }

  // The sequences between the singles and the fresh ones; pointers are to the first of their rows.
  void run_paged(const Fa3PagedCall& call) const {
    if (planned().fresh > parts_.singles && call.rows > 0)
      fa3_run_paged(part(kPaged), paged_plan_, call, stream_);
  }
  // The fresh ones.
  void run_ragged(const Fa3Call& call) const {
    if (fresh_seqs() > 0) fa3_run_ragged(part(kFresh), fresh_plan_, call, stream_);
  }

 private:
  static constexpr size_t kBytes = size_t{8} << 20;  // 4096 tiles of 64 heads at 28 bytes
  static constexpr int kSlots = 4;
  enum Part { kPaged, kFresh };
  struct Slot {
    void* pinned = nullptr;
    cudaEvent_t copied = nullptr;
  };

  Planner(int device, cudaStream_t stream, int num_heads, int num_kv_heads, bool split)
      : device_(device),
        stream_(stream),
        num_heads_(num_heads),
        num_kv_heads_(num_kv_heads),
        split_(split) {
    const size_t bytes = kBytes * (split ? 2 : 1);
    FK_CUDA_CHECK(cudaMalloc(&ints_, bytes));
    for (Slot& s : slots_) {
      FK_CUDA_CHECK(cudaMallocHost(&s.pinned, bytes));
      FK_CUDA_CHECK(cudaEventCreateWithFlags(&s.copied, cudaEventDisableTiming));
    }
  }

  const StepParts& planned() const {
    FK_REQUIRE(planned_, "paged_attention: forward without on_step");
    return parts_;
  }
  char* part(Part p) const { return static_cast<char*>(ints_) + kBytes * size_t(p); }

  // Sequences [begin, end), their rows counted from the first of them.
  Fa3Plan plan_part(Part p, const Slot& slot, int64_t begin, int64_t end) {
    if (begin == end) return {};
    shifted_.clear();
    tables_.clear();
    for (int64_t s = begin; s <= end; ++s) {
      shifted_.push_back(starts_[size_t(s)] - starts_[size_t(begin)]);
      tables_.push_back(int32_t(s * stride_));
    }
    const auto& kv_starts = p == kFresh ? shifted_ : tables_;
    return fa3_plan({part(p), static_cast<char*>(slot.pinned) + kBytes * size_t(p), kBytes},
                    shifted_.data(), kv_starts.data(), lengths_.data() + begin, shifted_.back(),
                    int(end - begin), num_heads_, num_kv_heads_, stream_);
  }

  int device_;
  cudaStream_t stream_;
  int num_heads_, num_kv_heads_;
  bool split_;
  void* ints_ = nullptr;
  Slot slots_[kSlots];
  unsigned next_ = 0;
  bool planned_ = false;
  int64_t stride_ = 0;
  StepParts parts_;
  std::vector<int32_t> starts_, lengths_;  // of the whole step, to know it again
  std::vector<int32_t> shifted_, tables_;  // of the part that is planned
  Fa3Plan paged_plan_{}, fresh_plan_{};
};

}  // namespace fk::flashinfer
