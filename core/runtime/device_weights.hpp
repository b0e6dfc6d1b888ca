// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "core/device/device.hpp"
#include "core/runtime/shapes.hpp"
#include "core/runtime/tensor_box.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {

// The weights of a store on a card. Models that are given the same share a copy of what they both
// read, which goes when the last of them does. One thread.
class DeviceWeights {
 public:
  struct Weight {
    Weight(DeviceMemory m, fk_device device, const TensorShape& s)
        : memory(std::move(m)), box(memory.data(), device, s.dtype, s.shape) {}
    DeviceMemory memory;
    TensorBox box;
  };

  DeviceWeights(std::shared_ptr<WeightStore> store, std::shared_ptr<Device> device)
      : store_(std::move(store)), device_(std::move(device)) {}
  // Copied there unless it is there. Throws as the store does, and kMissing where the card is full.
  std::shared_ptr<const Weight> get(const ParamRequest&);
  const std::shared_ptr<WeightStore>& store() const { return store_; }

 private:
  using Runs = std::vector<std::span<const uint8_t>>;
  // Params that share bytes on the host (tied embeddings) share a copy.
  using Key = std::tuple<std::vector<const void*>, std::vector<int64_t>, int, int, int>;
  std::shared_ptr<const Weight> copy(const Runs&, const TensorShape&);

  const std::shared_ptr<WeightStore> store_;
  const std::shared_ptr<Device> device_;
  std::map<Key, std::weak_ptr<const Weight>> there_;
};

}  // namespace fk::core
