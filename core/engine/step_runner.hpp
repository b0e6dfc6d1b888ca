// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "core/engine/sampler.hpp"
#include "core/engine/step_batch.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// One step between launch and wait: what was in it, and where its results arrive.
struct Flight {
  std::vector<Scheduled> scheduled;
  std::vector<StepBatch::Row> rows;  // of logits
  int64_t sampled_rows = 0;
  const int32_t* token_ids = nullptr;     // of the sampled rows; after wait()
  int64_t batch_id = -1;                  // of what is scheduled
  int64_t bucket = 0;                     // sequences of the graph, 0: none
  const float* logits = nullptr;          // [rows, vocab_size]; null when no row asked for them
  std::unique_ptr<Event> began, arrived;  // around what the step enqueues after its inputs
  std::unique_ptr<StepPack> results;
  StepTensor* ids = nullptr;
  void* logits_host = nullptr;
};

// Puts steps on the model's device: inputs, forward, sampling, the way back. On a GPU a launch only
// enqueues, decode steps are graphs of a few sizes, and two steps may be in flight: the tokens of
// the first go into the second without the host. Allocates nothing after warm-up, but for the
// logits of requests that ask for them.
class StepRunner {
 public:
  struct Sizes {
    StepBatch::Shape batch;
    int64_t vocab_size = 0;
    bool graphs = true, ahead = false;
  };
  static constexpr int kFlights = 2;

  StepRunner(const Catalog&, Model&, const BuildOptions& sampling, const Sizes&);
  ~StepRunner();
  // The largest steps once, then every graph. Nothing to do on the CPU.
  void warm_up();
  // A second step may be launched before the first is waited for.
  bool ahead() const { return sizes_.ahead; }
  // `id`: Scheduler::batch_id().
  Flight& launch(const std::vector<Scheduled>&, int64_t id);
  // Gives the seconds that the device had the step.
  double wait(Flight&);
  const Model& sampler() const { return sampler_.model(); }
  int64_t max_rows() const { return logits_.capacity(); }
  size_t bytes() const { return logits_.bytes(); }

 private:
  int64_t bucket(const std::vector<Scheduled>&) const;  // 0: not a step for a graph
  void enqueue(StepBatch&, bool capturing);
  void combine(StepBatch&, bool capturing);
  void fetch(Flight&, bool logits);
  Model& model_;
  Sizes sizes_;
  std::shared_ptr<Device> device_;
  OwnedTensor logits_;
  Sampler sampler_;
  StepBatch any_;
  std::unique_ptr<StepBatch> decode_;  // for graphs: its addresses are part of them
  // All ids that the sampler may give: the step before may have had more rows than this one.
  StepTensor all_ids_;
  std::unique_ptr<Model> combine_;  // combine_sampled_tokens; only to run ahead
  std::unique_ptr<StructValue> combine_args_;
  std::vector<int64_t> buckets_;
  std::map<int64_t, std::unique_ptr<Graph>> graphs_;
  Flight flights_[kFlights];
  int next_ = 0;
};

}  // namespace fk::core
