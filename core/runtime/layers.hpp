// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <memory>
#include <vector>

#include "core/runtime/model.hpp"
#include "core/runtime/node.hpp"

namespace fk::core {

// Something around every forward of a tree. Calls nest: after() closes the latest before() of the
// same layer.
class Layer {
 public:
  virtual ~Layer() = default;
  // May replace the args that the implementation sees. Not FK_OK: the call does not take place.
  virtual fk_status before(Node&, const fk_run&, const void*& args) = 0;
  // `status` of the call; returns what the caller gets.
  virtual fk_status after(Node&, const fk_run&, fk_status status) = 0;
  // The time layer's numbers; null for the others.
  virtual Json report(const std::vector<std::unique_ptr<Node>>&) const { return nullptr; }
};

using Layers = std::vector<std::unique_ptr<Layer>>;

// Calls the node's implementation inside every layer, the first outermost.
fk_status run_layers(const Layers&, Node&, const fk_run*, const void* args);

// A clock that has seen what the device was given: kernels run on after the call that enqueued
// them.
std::chrono::steady_clock::time_point device_now(const Node&);

std::unique_ptr<Layer> make_trace_layer();
std::unique_ptr<Layer> make_time_layer();
std::unique_ptr<Layer> make_nvtx_layer();  // throws Error kMissing without the NVTX headers
std::unique_ptr<Layer> make_validate_layer(Tree&);
std::unique_ptr<Layer> make_capture_layer(Tree&, std::shared_ptr<Capture>);
Layers make_layers(const LayerOptions&, Tree&);

}  // namespace fk::core
