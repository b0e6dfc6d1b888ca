// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/device/device.hpp"
#include "core/plugin/catalog.hpp"
#include "core/runtime/arena.hpp"
#include "core/runtime/tensor_box.hpp"

namespace fk::core {

class Tree;

// One instance of a task in a tree: what a parent's fk_instance points to. The first words are all
// that a call touches.
struct Node : fk_instance {
  fk_status (*impl_forward)(void* state, const fk_host*, const fk_run*, const void* args) = nullptr;
  void* state = nullptr;
  struct Decode {  // what computes decode steps, where that is another implementation
    fk_status (*forward)(void* state, const fk_host*, const fk_run*, const void* args);
    void* state;
    const Implementation* implementation;
  };
  std::unique_ptr<Decode> decode;
  const bool* decoding = nullptr;  // the tree's: what the step that runs is
  Arena* arena = nullptr;
  fk_host host{};

  Tree* tree = nullptr;
  Node* parent = nullptr;
  const TaskSpec* spec = nullptr;  // null only for a missing task of a dry build
  const Implementation* implementation = nullptr;
  InitValue init_value;  // what `init` points to; lives as long as the instance
  std::string path;
  int depth = 0;
  bool created = false, busy = false;
  size_t index = 0;  // in build order
  std::vector<std::unique_ptr<TensorBox>> tensors;
  std::vector<DeviceMemory> blocks;  // host.alloc
  size_t retained = 0;               // bytes of them, counted in dry builds too

  void set_init(const InitValue& value) {
    init_value = value;
    init = value.data();
  }
  // "model.layers.3.mlp (composed/llama_mlp 0.1.0)"; the task where the path is empty.
  std::string label() const;

  // A scratch frame around the implementation's forward, and nothing else.
  static fk_status forward_plain(fk_instance*, const fk_run*, const void* args);
  // The same with the tree's layers around it.
  static fk_status forward_layered(fk_instance*, const fk_run*, const void* args);
  fk_status call(const fk_run*, const void* args);
  fk_status call_on_step(const fk_run*);
  void destroy() noexcept;  // both states
};

// Makes sure that the error record says which node failed and why; returns `s`.
fk_status note_failure(const Node&, fk_status s) noexcept;

}  // namespace fk::core
