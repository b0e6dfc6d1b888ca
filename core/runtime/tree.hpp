// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/resolve/policy_chooser.hpp"
#include "core/runtime/device_weights.hpp"
#include "core/runtime/layers.hpp"
#include "core/runtime/model.hpp"
#include "core/runtime/node.hpp"
#include "core/runtime/shapes.hpp"
#include "core/runtime/thread_pool.hpp"

namespace fk::core {

// What a fused implementation may ask for by dotted path: the params and states of the baseline
// composite.
struct Outline {
  struct Entry {
    TensorShape shape;
    std::string quant;
  };
  std::map<std::string, Entry, std::less<>> params, states;
};

// A task tree: the nodes, what they hold, and the build that makes them. Model is its outside.
class Tree {
 public:
  // `outer`: the tree for which this one is only an outline (dry, composites first); null for a
  // real one.
  Tree(const Catalog&, std::shared_ptr<WeightStore>, const BuildOptions&,
       const Tree* outer = nullptr);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Node* build_root(const TaskSpec&, InitValue init);
  // The instance fields of an init that came from JSON: builds each under the field's name.
  void build_instances(InitValue& init, const std::string& path);
  void finish();  // checks pins and plan; what a node asks for after this is an error
  std::vector<std::string> destroy() noexcept;  // messages of destructors that failed

  // For the host calls; they throw Error.
  Node* build(Node* parent, const std::string& path, std::string_view task, uint64_t signature,
              const void* init);
  const fk_tensor* param(Node&, std::string_view name);
  const fk_tensor* state(Node&, std::string_view name);
  void* allocate(Node&, fk_device, size_t bytes);

  bool building() const { return building_; }
  const BuildOptions& options() const { return options_; }
  const Catalog& catalog() const { return catalog_; }
  const Layers& layers() const { return layers_; }
  const fk_threads* threads() const { return pool_ ? pool_->service() : nullptr; }
  Arena& arena() { return arena_; }
  void set_decoding(bool yes) { decoding_ = yes; }
  Device* device() const { return device_.get(); }  // null in a dry build
  const std::shared_ptr<Device>& shared_device() const { return device_; }
  int sm() const;  // of the device; of a card of today where there is none
  size_t weight_bytes() const { return weight_bytes_; }  // on a card
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  const std::vector<Node*>& steppers() const { return steppers_; }
  const Plan& plan() const { return plan_; }
  bool owns(const fk_instance*) const;  // here or in an outer tree
  size_t state_bytes() const;
  std::map<std::string, const fk_tensor*> states() const;

  // Scratch with guards on both sides, for the validate layer.
  struct Guard {
    unsigned char* data;
    size_t bytes;
  };
  std::vector<Guard>& guards() { return guards_; }

 private:
  struct Undo;
  Node* try_options(Node* parent, const std::string& path, const TaskSpec&, InitValue init);
  Node* create(Node* parent, const std::string& path, const TaskSpec&, const InitValue&,
               const Chooser::Option&, std::string& refused);
  Node* stub(Node* parent, const std::string& path, const TaskSpec*, std::string_view task,
             const std::string& why);
  void add_decode(Node*, Chooser::Request);
  fk_status call_create(Node&, const Implementation&, void** state);
  std::vector<Chooser::Option> options_for(const Chooser::Request&, const std::string& init_text);
  std::vector<Chooser::Option> replayed(const Chooser::Request&, const std::string& init_text);
  void roll_back(const Undo&);
  std::string init_text(const InitValue&) const;
  const Outline& outline(const Node&);
  void check_instances(const TaskSpec&, const InitValue&) const;
  const fk_tensor* add_param(Node&, std::string_view name, const TensorShape&,
                             const std::string& quant);
  const fk_tensor* on_device(const ParamRequest&);
  const fk_tensor* add_state(Node&, std::string_view name, const TensorShape&);

  const Catalog catalog_;
  const std::shared_ptr<WeightStore> weights_;
  const BuildOptions options_;
  const Tree* const outer_;
  std::unique_ptr<PolicyChooser> chooser_;  // none in an outline
  const std::shared_ptr<Device> device_;    // before what lives on it
  std::shared_ptr<ThreadPool> pool_;
  Arena arena_;
  Layers layers_;
  std::vector<Guard> guards_;
  std::vector<std::unique_ptr<Node>> nodes_;  // in build order: a parent before its children
  std::vector<Node*> completed_;              // in order of completion: children first
  std::vector<Node*> steppers_;
  std::unordered_set<const fk_instance*> known_;
  std::map<std::string, std::unique_ptr<TensorBox>, std::less<>> states_;
  std::vector<DeviceMemory> state_memory_;
  std::shared_ptr<DeviceWeights> device_weights_;                // none on the CPU
  std::set<std::shared_ptr<const DeviceWeights::Weight>> held_;  // of them
  std::set<std::string, std::less<>> param_paths_, missing_;
  std::map<std::string, Outline> outlines_;  // by task and init
  Plan plan_;
  size_t replay_at_ = 0, state_bytes_ = 0, weight_bytes_ = 0;
  bool building_ = true, decoding_ = false;
  Outline own_outline_;  // filled while an outline is built
};

// The table behind every node's fk_host.
fk_host make_host(Node&);

// The Code for a status that ends a build or run, and the status for an Error inside a host call.
Code code_of(fk_status);
fk_status status_of(Code);

}  // namespace fk::core
