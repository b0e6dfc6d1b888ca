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
      pack_(device),
      temperature_(pack_.add(kFloat32, {n})),
      top_k_(pack_.add(kInt32, {n})),
      top_p_(pack_.add(kFloat32, {n})),
      min_p_(pack_.add(kFloat32, {n})),
      seed_(pack_.add(kInt64, {n})),
      offset_(pack_.add(kInt64, {n})),
      token_ids_(device, kInt32, {n}),
      all_logits_(logits),
      logits_(device->id(), kFloat32, {n, logits.row_size()}),
      args_(StructValue::args(model_->task())) {
  pack_.allocate();
  args_.set("logits", logits_.get());
  args_.set("temperature", temperature_.get());
  args_.set("top_k", top_k_.get());
  args_.set("top_p", top_p_.get());
  args_.set("min_p", min_p_.get());
  args_.set("seed", seed_.get());
  args_.set("offset", offset_.get());
  args_.set("token_ids", token_ids_.get());
}

void Sampler::fill(const std::vector<StepBatch::Row>& rows, int64_t count, int64_t padded) {
  pack_.flip();
  for (int64_t i = 0; i < padded; ++i) {
    static const SamplingParams kGreedy;
    const Sequence* s = i < count ? rows[size_t(i)].sequence : nullptr;
    const SamplingParams& p = s ? s->request.sampling : kGreedy;
    temperature_.data<float>()[i] = p.temperature;
    top_k_.data<int32_t>()[i] = p.top_k;
    top_p_.data<float>()[i] = p.top_p;
    min_p_.data<float>()[i] = p.min_p;
    seed_.data<int64_t>()[i] = p.seed;
    offset_.data<int64_t>()[i] = s ? s->generated() : 0;
  }
  for (StepTensor* t : {&temperature_, &top_k_, &top_p_, &min_p_, &seed_, &offset_})
    t->resize(padded);
  token_ids_.resize(padded);
  logits_.place(all_logits_.get()->data, all_logits_.host()->data);
  logits_.resize(padded);
  pack_.upload();
}

void Sampler::forward(bool capturing) {
  if (capturing)
    model_->forward(nullptr, args_.data(), true);
  else
    model_->run(nullptr, args_.data());
}

}  // namespace fk::core
