// SPDX-License-Identifier: Apache-2.0
#include "core/engine/sampler.hpp"

namespace fk::core {
namespace {

std::unique_ptr<Model> build_model(const Catalog& catalog, BuildOptions o) {
  o.dtype = kFloat32;  // logits are fp32 whatever the model runs in
  o.threads = 1;       // a second pool of spinning workers would take the model's cores
  o.replay = nullptr;
  return Model::build(catalog, nullptr, "sample", Json::object(), o);
}

}  // namespace

Sampler::Sampler(const Catalog& catalog, const BuildOptions& options, int64_t n)
    : model_(build_model(catalog, options)),
      temperature_(kFloat32, {n}),
      top_k_(kInt32, {n}),
      top_p_(kFloat32, {n}),
      min_p_(kFloat32, {n}),
      seed_(kInt64, {n}),
      offset_(kInt64, {n}),
      token_ids_(kInt32, {n}),
      args_(StructValue::args(model_->task())) {
  args_.set("temperature", temperature_.get());
  args_.set("top_k", top_k_.get());
  args_.set("top_p", top_p_.get());
  args_.set("min_p", min_p_.get());
  args_.set("seed", seed_.get());
  args_.set("offset", offset_.get());
  args_.set("token_ids", token_ids_.get());
}

const int32_t* Sampler::sample(StepTensor& logits, const std::vector<StepBatch::Row>& rows,
                               int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const Sequence& s = *rows[size_t(i)].sequence;
    const SamplingParams& p = s.request.sampling;
    temperature_.data<float>()[i] = p.temperature;
    top_k_.data<int32_t>()[i] = p.top_k;
    top_p_.data<float>()[i] = p.top_p;
    min_p_.data<float>()[i] = p.min_p;
    seed_.data<int64_t>()[i] = p.seed;
    offset_.data<int64_t>()[i] = s.generated();
  }
  for (StepTensor* t : {&temperature_, &top_k_, &top_p_, &min_p_, &seed_, &offset_, &token_ids_})
    t->resize(count);
  int64_t all = logits.rows();
  logits.resize(count);
  args_.set("logits", logits.get());
  model_->run(nullptr, args_.data());
  logits.resize(all);
  return token_ids_.data<int32_t>();
}

}  // namespace fk::core
