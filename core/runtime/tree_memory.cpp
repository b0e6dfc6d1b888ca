// SPDX-License-Identifier: Apache-2.0
// What nodes ask for while they are built: params, states, memory.
#include <fmt/ranges.h>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {
namespace {

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

const Field* find(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& f : fields)
    if (f.name == name) return &f;
  return nullptr;
}

// The quantisation of a blocks tensor is what the init says.
std::string quant_of(const Field& field, const InitValue& init) {
  if (field.name != "blocks") return "none";
  const std::optional<Value> v = init.lookup("quant");
  const std::string* text = v ? std::get_if<std::string>(&*v) : nullptr;
  return text ? *text : "none";
}

// What stands for every address in a dry build: never mapped, so using it faults at once.
void* fake_address() { return reinterpret_cast<void*>(0x1000); }

// The parallel degree of the nearest task that has one: a linear is split as the task above it
// says.
int64_t tp_size_of(const Node& node) {
  for (const Node* n = &node; n; n = n->parent)
    if (const std::optional<Value> v = n->init_value.lookup("tp_size"))
      if (const int64_t* size = std::get_if<int64_t>(&*v)) return *size;
  return 1;
}

template <class Map>
[[noreturn]] void unknown(const char* what, std::string_view name, const TaskSpec& spec,
                          const std::vector<Field>& own, const Map& parts) {
  std::vector<std::string> names;
  for (const Field& f : own) names.push_back(f.name);
  for (const auto& [path, entry] : parts) names.push_back(path);
  bad_input("{} has no {} \"{}\"{}; it has {}", spec.name, what, name, did_you_mean(name, names),
            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace

// The params and states of the baseline composite of a node's task, for a fused implementation that
// takes its place.
const Outline& Tree::outline(const Node& node) {
  const std::string key = node.spec->name + init_text(node.init_value);
  if (const auto it = outlines_.find(key); it != outlines_.end()) return it->second;
  int depth = 0;
  for (const Tree* t = outer_; t; t = t->outer_) ++depth;
  Outline result;
  if (depth < 4) {  // an outline whose composite needs an outline of itself would not end
    BuildOptions options = options_;
    options.dry = true;
    options.policy = {};
    options.replay = nullptr;
    options.layers = {};
    Tree tree(catalog_, nullptr, options, this);
    tree.build_root(*node.spec, node.init_value);
    result = std::move(tree.own_outline_);
  }
  return outlines_.emplace(key, std::move(result)).first->second;
}

const fk_tensor* Tree::param(Node& node, std::string_view name) {
  const Field* own = find(node.spec->params, name);
  if (own && !present(*own, node.init_value))
    bad_input("param \"{}\" of {} is there only when {}", name, node.spec->name, own->when->text());
  if (own)
    return add_param(node, name, shape_of(*own, node.init_value, {}, options_.dtype),
                     quant_of(*own, node.init_value));
  const Outline& parts = outline(node);
  const auto it = parts.params.find(name);
  if (it == parts.params.end()) unknown("param", name, *node.spec, node.spec->params, parts.params);
  return add_param(node, name, it->second.shape, it->second.quant);
}

const fk_tensor* Tree::add_param(Node& node, std::string_view name, const TensorShape& shape,
                                 const std::string& quant) {
  const std::string path = join(node.path, name);
  if (outer_) own_outline_.params.insert_or_assign(path, Outline::Entry{shape, quant});
  const fk_tensor* t = nullptr;
  if (options_.dry) {
    node.tensors.push_back(
        std::make_unique<TensorBox>(fake_address(), options_.device, shape.dtype, shape.shape));
    t = node.tensors.back()->get();
  } else {
    if (!weights_) missing("param \"{}\": no weights are given", path);
    const ParamRequest request{path, shape.shape, shape.dtype, quant, tp_size_of(node)};
    t = device_->is_cpu() ? weights_->get(request) : on_device(request);
  }
  if (param_paths_.insert(path).second)
    plan_.params.push_back({path, shape.shape, shape.dtype, shape.bytes()});
  return t;
}

// What this tree holds of it, it holds once.
const fk_tensor* Tree::on_device(const ParamRequest& request) {
  auto weight = device_weights_->get(request);
  const fk_tensor* t = weight->box.get();
  if (held_.insert(weight).second) weight_bytes_ += weight->memory.bytes();
  return t;
}

const fk_tensor* Tree::state(Node& node, std::string_view name) {
  const Field* own = find(node.spec->states, name);
  if (own && !present(*own, node.init_value))
    bad_input("state \"{}\" of {} is there only when {}", name, node.spec->name, own->when->text());
  if (own)
    return add_state(node, name, shape_of(*own, node.init_value, options_.dims, options_.dtype));
  const Outline& parts = outline(node);
  const auto it = parts.states.find(name);
  if (it == parts.states.end()) unknown("state", name, *node.spec, node.spec->states, parts.states);
  return add_state(node, name, it->second.shape);
}

const fk_tensor* Tree::add_state(Node& node, std::string_view name, const TensorShape& shape) {
  const std::string path = join(node.path, name);
  if (outer_) own_outline_.states.insert_or_assign(path, Outline::Entry{shape, "none"});
  if (const auto it = states_.find(path); it != states_.end()) {
    const fk_tensor* t = it->second->get();
    if (!same(t->dtype, shape.dtype) ||
        !std::equal(t->shape, t->shape + t->ndim, shape.shape.begin(), shape.shape.end()))
      bad_input("state \"{}\" is asked for as {} and as {}", path,
                describe(t->dtype, {t->shape, t->shape + t->ndim}),
                describe(shape.dtype, shape.shape));
    return t;
  }
  const size_t bytes = shape.bytes();
  void* data = fake_address();
  if (!options_.dry)
    data = options_.state_memory ? options_.state_memory(path, bytes)
                                 : state_memory_.emplace_back(device_, bytes).data();
  state_bytes_ += bytes;
  plan_.states.push_back({path, shape.shape, shape.dtype, bytes});
  return states_
      .emplace(path, std::make_unique<TensorBox>(data, options_.device, shape.dtype, shape.shape))
      .first->second->get();
}

std::map<std::string, const fk_tensor*> Tree::states() const {
  std::map<std::string, const fk_tensor*> out;
  for (const auto& [path, box] : states_) out.emplace(path, box->get());
  return out;
}

void* Tree::allocate(Node& node, fk_device device, size_t bytes) {
  node.retained += bytes;
  if (options_.dry) return nullptr;
  if (device.type != options_.device.type || device.index != options_.device.index)
    bad_input("alloc: {} is not the device this tree runs on, {}", device_text(device),
              device_text(options_.device));
  return node.blocks.emplace_back(device_, bytes).data();
}

}  // namespace fk::core
