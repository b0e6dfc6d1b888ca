// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/device/device.hpp"
#include "core/resolve/plan.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {

class Capture;
class DeviceWeights;

// Layers around every node's forward; off costs nothing.
struct LayerOptions {
  bool validate = false, trace = false, time = false, nvtx = false;
  std::shared_ptr<Capture> capture;  // what every forward is added to, of all trees that have it
};

struct BuildOptions {
  fk_device device{FK_CPU, 0};
  // An open device to share, in a dry build the card to plan for; null: `device` is opened.
  std::shared_ptr<Device> on;
  fk_dtype dtype{FK_FLOAT, 32, 1};
  int threads = 0;   // 0: one a core
  bool dry = false;  // tree, weights and state only; no device, no data
  std::map<std::string, int64_t>
      dims;  // host sizes that states name: num_blocks, block_size, num_slots
  Policy policy;
  std::shared_ptr<const Plan> replay;  // --plan
  LayerOptions layers;
  // Where a state lies, zeroed and aligned to 256 bytes; empty: in memory of the device's own.
  std::function<void*(const std::string& path, size_t bytes)> state_memory;
  // Models with the same weights on one card that are given the same share them; null: its own.
  std::shared_ptr<DeviceWeights> device_weights;
};

// A built task tree with its weights, states and scratch arena. One thread drives it.
class Model {
 public:
  // `weights` may be null in a dry build. Throws Error with the node's path for anything that
  // fails.
  static std::unique_ptr<Model> build(const Catalog&, std::shared_ptr<WeightStore> weights,
                                      const std::string& task, const Json& init,
                                      const BuildOptions&);
  ~Model();
  const TaskSpec& task() const;
  const InitValue& init() const;
  const Plan& plan() const;
  // on_step of every node that has one, then forward of the root. Throws Error with the node's
  // path. No allocation after warm-up (the arena grows until freeze()).
  void run(const void* step, const void* args);
  // The two halves of run(). What forward() enqueues between the device's begin_capture() and
  // end_capture() can be launched again; it then passes `capturing`, and on_step() stays outside.
  void on_step(const void* step);
  void forward(const void* step, const void* args, bool capturing = false);
  const std::shared_ptr<Device>& device() const;
  // Scratch stays where it is from here on, as graphs need it; what does not fit comes on top.
  void pin();
  void freeze();                 // scratch addresses repeat from here on; growing is an error
  size_t scratch_bytes() const;  // high-water mark
  size_t state_bytes() const;
  // Every state by its path; on the model's device, as long as the model.
  std::map<std::string, const fk_tensor*> states() const;
  size_t weight_bytes() const;  // on the device, shared or not; 0 on the CPU, which reads the store
  size_t retained_bytes() const;  // weights repacked and kept by implementations
  // Destroys the tree now; throws Error with what destructors reported. The model cannot run after
  // it.
  void close();
  // Time layer: an array in build order of {path, task, implementation, depth, calls, seconds,
  // self_seconds}; self is without children. Empty without LayerOptions.time.
  Json timings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit Model(std::unique_ptr<Impl>);
};

}  // namespace fk::core
