// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_runner.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

// Sequences of a decode graph. Between two of them up to a seventh of a step is padding.
std::vector<int64_t> bucket_sizes(int64_t most) {
  std::vector<int64_t> out;
  for (int64_t n = 1; n < most && n <= 512; n += n < 4     ? 1
                                                 : n < 16  ? 4
                                                 : n < 64  ? 8
                                                 : n < 256 ? 16
                                                           : 32)
    out.push_back(n);
  if (most <= 512) out.push_back(most);
  return out;
}

StepBatch::Shape decode_shape(StepBatch::Shape s) {
  s.max_tokens = s.max_seqs;
  return s;
}

}  // namespace

StepRunner::StepRunner(const Catalog& catalog, Model& model, const BuildOptions& sampling,
                       const Sizes& sizes)
    : model_(model),
      sizes_(sizes),
      device_(model.device()),
      logits_(device_, kFloat32, {sizes.batch.max_rows, sizes.vocab_size}),
      sampler_(catalog, sampling, device_, sizes.batch.max_rows, logits_),
      any_(catalog.registry(), model.task(), sizes.batch, device_, logits_, sampler_),
      all_ids_(device_->id(), kInt32, {sizes.batch.max_rows}) {
  all_ids_.place(sampler_.token_ids().get()->data, nullptr);
  for (Flight& f : flights_) {
    f.scheduled.reserve(size_t(sizes.batch.max_seqs));
    f.rows.reserve(size_t(sizes.batch.max_rows));
    f.began = device_->event();
    f.arrived = device_->event();
    f.results = std::make_unique<StepPack>(device_);
    f.ids = &f.results->add(kInt32, {sizes.batch.max_rows});
    f.results->allocate();
  }
  if (sizes.ahead) {
    BuildOptions o = sampling;
    o.on = device_;
    o.replay = nullptr;
    o.policy.pins.clear();
    combine_ = Model::build(catalog, nullptr, "combine_sampled_tokens", Json::object(), o);
    combine_args_ = std::make_unique<StructValue>(StructValue::args(combine_->task()));
  }
  if (!sizes.graphs || !device_->can_capture()) return;
  decode_ = std::make_unique<StepBatch>(catalog.registry(), model.task(), decode_shape(sizes.batch),
                                        device_, logits_, sampler_);
  buckets_ = bucket_sizes(sizes.batch.max_seqs);
}

StepRunner::~StepRunner() {
  if (!device_->is_cpu()) {
    try {
      device_->synchronize();
    } catch (const Error&) {}  // said by the step that failed
  }
  for (Flight& f : flights_)
    if (f.logits_host) device_->release_host(f.logits_host);
}

void StepRunner::combine(StepBatch& batch, bool capturing) {
  combine_args_->set("source", batch.source().get());
  combine_args_->set("token_ids", all_ids_.get());
  combine_args_->set("input_ids", batch.input_ids().get());
  combine_->forward(nullptr, combine_args_->data(), capturing);
}

void StepRunner::enqueue(StepBatch& batch, bool capturing) {
  if (combine_ && (capturing || batch.has_sources())) combine(batch, capturing);
  model_.forward(batch.step(), batch.args(), capturing);
  if (sampler_.token_ids().rows() > 0) sampler_.forward(batch.sampling_args(), capturing);
}

void StepRunner::warm_up() {
  if (device_->is_cpu()) return;
  // The largest prompt step and the largest decode step: they take what scratch there will be.
  const StepBatch::Shape& s = sizes_.batch;
  const int64_t longest = s.kv_cache ? s.max_blocks_per_seq * s.block_size : s.max_tokens;
  const int64_t tokens = std::min(s.max_tokens, longest);
  auto idle = [&](StepBatch& batch, int64_t seqs, int64_t each) {
    batch.fill_idle(seqs, each);
    model_.on_step(batch.step());
  };
  idle(any_, std::clamp<int64_t>(s.max_tokens / tokens, 1, s.max_seqs), tokens);
  enqueue(any_, false);
  idle(any_, std::min(s.max_seqs, s.max_tokens), 1);
  enqueue(any_, false);
  device_->synchronize();
  model_.pin();
  sampler_.model().pin();
  for (auto b = buckets_.rbegin(); b != buckets_.rend(); ++b) {
    idle(*decode_, *b, 1);
    enqueue(*decode_, false);  // what is chosen by shape on first use is chosen outside the graph
    device_->synchronize();
    device_->begin_capture();
    try {
      enqueue(*decode_, true);
    } catch (...) {
      device_->abandon_capture();
      throw;
    }
    graphs_[*b] = device_->end_capture();
  }
  device_->synchronize();
}

int64_t StepRunner::bucket(const std::vector<Scheduled>& batch) const {
  if (graphs_.empty()) return 0;
  for (const Scheduled& s : batch)
    if (s.count != 1 || s.row < 0) return 0;
  const auto at = graphs_.lower_bound(int64_t(batch.size()));
  return at == graphs_.end() ? 0 : at->first;
}

Flight& StepRunner::launch(const std::vector<Scheduled>& scheduled, int64_t id) {
  device_->make_current();
  Flight& f = flights_[next_];
  next_ = (next_ + 1) % kFlights;
  const bool same = f.batch_id == id;
  if (!same) f.bucket = bucket(scheduled);
  StepBatch& batch = f.bucket ? *decode_ : any_;
  batch.fill(scheduled, id, f.bucket);
  if (!same) {
    f.batch_id = id;
    f.scheduled.assign(scheduled.begin(), scheduled.end());
    f.rows.assign(batch.rows().begin(), batch.rows().end());
    f.sampled_rows = batch.sampled_rows();
  }
  model_.on_step(batch.step());
  f.began->record();
  if (f.bucket)
    graphs_.at(f.bucket)->launch();
  else
    enqueue(batch, false);
  fetch(f, batch.wants_logits());
  return f;
}

void StepRunner::fetch(Flight& f, bool logits) {
  f.logits = nullptr;
  if (device_->is_cpu() && !ahead()) {  // nothing is launched before these are read
    f.token_ids = const_cast<StepTensor&>(sampler_.token_ids()).data<int32_t>();
    f.logits = logits_.data<float>();
    f.arrived->record();
    return;
  }
  f.ids->resize(f.sampled_rows);
  device_->download(f.ids->data<int32_t>(), sampler_.token_ids().get()->data,
                    size_t(f.sampled_rows) * sizeof(int32_t));
  f.token_ids = f.ids->data<int32_t>();
  if (logits) {
    if (!f.logits_host) f.logits_host = device_->allocate_host(logits_.bytes());
    device_->download(f.logits_host, logits_.get()->data, f.rows.size() * logits_.row_bytes());
    f.logits = static_cast<const float*>(f.logits_host);
  }
  f.arrived->record();
}

double StepRunner::wait(Flight& f) {
  f.arrived->wait();
  return double(f.arrived->milliseconds_since(*f.began)) / 1e3;
}

}  // namespace fk::core
