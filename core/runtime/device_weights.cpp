// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/device_weights.hpp"

namespace fk::core {

std::shared_ptr<const DeviceWeights::Weight> DeviceWeights::get(const ParamRequest& request) {
  const TensorShape shape{request.shape, request.dtype};
  size_t bytes = 0;
  const Runs runs = store_->runs(request);
  for (const auto& run : runs) bytes += run.size();
  if (!runs.empty() && bytes == shape.bytes()) return copy(runs, shape);
  const fk_tensor* host = store_->get(request);
  const TensorShape found{{host->shape, host->shape + host->ndim}, host->dtype};
  return copy({{static_cast<const uint8_t*>(host->data), found.bytes()}}, found);
}

std::shared_ptr<const DeviceWeights::Weight> DeviceWeights::copy(const Runs& runs,
                                                                 const TensorShape& shape) {
  std::vector<const void*> sources;
  for (const auto& run : runs) sources.push_back(run.data());
  std::weak_ptr<const Weight>& there = there_[Key{std::move(sources), shape.shape, shape.dtype.code,
                                                  shape.dtype.bits, shape.dtype.lanes}];
  if (auto weight = there.lock()) return weight;
  auto weight =
      std::make_shared<const Weight>(DeviceMemory(device_, shape.bytes()), device_->id(), shape);
  auto* to = static_cast<char*>(weight->memory.data());
  for (const auto& run : runs) {
    device_->upload_large(to, run.data(), run.size());
    to += run.size();
  }
  there = weight;
  return weight;
}

}  // namespace fk::core
