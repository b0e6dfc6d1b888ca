// SPDX-License-Identifier: Apache-2.0
#include "core/engine/sampler.hpp"

namespace fk::core {
namespace {

std::unique_ptr<Model> build_model(const Catalog& catalog, BuildOptions o,
                                   std::shared_ptr<Device> device) {
  o.dtype = kFloat32;  // logits are fp32 whatever the model runs in
  o.threads = 1;       // a second pool of spinning workers would take the model's cores
  o.replay = nullptr;
  o.on = std::move(device);
  return Model::build(catalog, nullptr, "sample", Json::object(), o);
}

}  // namespace

Sampler::Sampler(const Catalog& catalog, const BuildOptions& options,
                 std::shared_ptr<Device> device, int64_t n, StepTensor& logits)
    : model_(build_model(catalog, options, device)),
      token_ids_(device, kInt32, {n}),
      all_logits_(logits),
      logits_(device->id(), kFloat32, {n, logits.row_size()}) {}

void Sampler::resize(int64_t rows) {
  token_ids_.resize(rows);
  logits_.place(all_logits_.get()->data, all_logits_.host()->data);
  logits_.resize(rows);
}

void Sampler::forward(const void* args, bool capturing) {
  if (capturing)
    model_->forward(nullptr, args, true);
  else
    model_->run(nullptr, args);
}

SamplingInputs::SamplingInputs(StepPack& pack, Sampler& sampler, int64_t n)
    : temperature_(pack.add(kFloat32, {n})),
      top_k_(pack.add(kInt32, {n})),
      top_p_(pack.add(kFloat32, {n})),
      min_p_(pack.add(kFloat32, {n})),
      seed_(pack.add(kInt64, {n})),
      offset_(pack.add(kInt64, {n})),
      args_(StructValue::args(sampler.model().task())) {
  args_.set("logits", sampler.logits().get());
  args_.set("temperature", temperature_.get());
  args_.set("top_k", top_k_.get());
  args_.set("top_p", top_p_.get());
  args_.set("min_p", min_p_.get());
  args_.set("seed", seed_.get());
  args_.set("offset", offset_.get());
  args_.set("token_ids", sampler.token_ids().get());
}

void SamplingInputs::set(int64_t row, const SamplingParams& p, int64_t offset) {
  temperature_.data<float>()[row] = p.temperature;
  top_k_.data<int32_t>()[row] = p.top_k;
  top_p_.data<float>()[row] = p.top_p;
  min_p_.data<float>()[row] = p.min_p;
  seed_.data<int64_t>()[row] = p.seed;
  set_offset(row, offset);
}

void SamplingInputs::resize(int64_t rows) {
  for (StepTensor* t : {&temperature_, &top_k_, &top_p_, &min_p_, &seed_, &offset_})
    t->resize(rows);
}

}  // namespace fk::core
