// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/tree.hpp"

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/plugin/load_host.hpp"

namespace fk::core {
namespace {

std::shared_ptr<Device> open_device(const BuildOptions& o) {
  return o.on ? o.on : Device::open(o.device);
}

// What a dry build for CUDA plans for when it is given no card.
constexpr int kDrySm = 90;

fk_status forward_dry(fk_instance* self, const fk_run*, const void*) {
  const Node& node = *static_cast<Node*>(self);
  error_record() = {FK_INVALID_ARGUMENT, fmt::format("{}: built dry, it cannot run", node.label()),
                    true};
  return FK_INVALID_ARGUMENT;
}

void* instance_at(const InitValue& init, const Field& f) {
  return *reinterpret_cast<void* const*>(static_cast<const char*>(init.data()) + f.offset);
}

}  // namespace

// Where the tree stood before an implementation was tried.
struct Tree::Undo {
  size_t nodes, completed, steppers, choices, params, states, replay_at;
};

Tree::Tree(const Catalog& catalog, std::shared_ptr<WeightStore> weights,
           const BuildOptions& options, const Tree* outer)
    : catalog_(catalog),
      weights_(std::move(weights)),
      options_(options),
      outer_(outer),
      device_(outer || options.dry ? nullptr : open_device(options)),
      arena_(device_ ? device_ : cpu_device()) {
  if (outer) return;
  chooser_ = std::make_unique<PolicyChooser>(catalog_, options_.policy);
  if (options_.dry) return;
  device_->make_current();
  if (!device_->is_cpu()) {
    const auto& shared = options_.device_weights;
    device_weights_ = shared && shared->store() == weights_
                          ? shared
                          : std::make_shared<DeviceWeights>(weights_, device_);
  }
  pool_ = shared_pool(options_.threads);
  layers_ = make_layers(options_.layers, *this);
}

Tree::~Tree() {
  for (const std::string& text : destroy()) fmt::print(stderr, "{}\n", text);
}

bool Tree::owns(const fk_instance* p) const {
  return known_.contains(p) || (outer_ && outer_->owns(p));
}

int Tree::sm() const {
  if (device_) return device_->sm();
  if (options_.on && options_.on->id().type == options_.device.type) return options_.on->sm();
  return options_.device.type == FK_CUDA ? kDrySm : 0;
}

size_t Tree::state_bytes() const { return state_bytes_; }

std::string Tree::init_text(const InitValue& init) const {
  return init
      .to_json([this](const fk_instance* p) -> Json {
        if (!p || !owns(p)) return nullptr;
        const Node& node = *static_cast<const Node*>(p);
        return {{"task", node.spec ? node.spec->name : ""}, {"path", node.path}};
      })
      .dump();
}

void Tree::check_instances(const TaskSpec& spec, const InitValue& init) const {
  for (const Field& f : spec.init) {
    if (f.type != FieldType::kInstance) continue;
    const auto* p = static_cast<const fk_instance*>(instance_at(init, f));
    if (!p) {
      if (f.optional) continue;
      bad_input("init field {} of {} is NULL: it must be an instance of {}", f.name, spec.name,
                f.of);
    }
    if (!owns(p))
      bad_input("init field {} of {} is not an instance of this tree", f.name, spec.name);
    const Node& node = *static_cast<const Node*>(p);
    if (node.spec && !f.of.empty() && node.spec->name != f.of)
      bad_input("init field {} of {} is an instance of {}, it must be one of {}", f.name, spec.name,
                node.spec->name, f.of);
  }
}

void Tree::build_instances(InitValue& init, const std::string& path) {
  for (const auto& [field, json] : init.pending_instances()) {
    const TaskSpec* spec = nullptr;
    for (const Field& f : init.task().init)
      if (f.name == field) spec = &catalog_.registry().task(f.of);
    InitValue value = InitValue::from_json(catalog_.registry(), *spec, json);
    const std::string child = path.empty() ? field : path + "." + field;
    build_instances(value, child);
    check_instances(*spec, value);
    init.set_instance(field, try_options(nullptr, child, *spec, value));
  }
}

Node* Tree::build_root(const TaskSpec& spec, InitValue init) {
  check_instances(spec, init);
  return try_options(nullptr, "", spec, std::move(init));
}

Node* Tree::build(Node* parent, const std::string& path, std::string_view task, uint64_t signature,
                  const void* init) {
  const TaskSpec* spec = catalog_.registry().find(task);
  if (!spec) {
    std::vector<std::string> names;
    for (const auto& [name, known] : catalog_.registry().tasks()) names.push_back(name);
    if (!options_.dry) missing("child \"{}\": no task {}{}", path, task, did_you_mean(task, names));
    return stub(parent, path, nullptr, task, "the registry has no such task");
  }
  if (signature != spec->signature)
    throw Error(
        Code::kBadInput,
        fmt::format(
            "child \"{}\": the plugin was built with another signature of {} ({:016x}); the "
            "registry has {:016x}: {}; rebuild the plugin against this registry",
            path, task, signature, spec->signature, spec->signature_text));
  if (!init) bad_input("child \"{}\": the init of {} is NULL", path, task);
  InitValue value = InitValue::from_struct(catalog_.registry(), *spec, init);
  check_instances(*spec, value);
  return try_options(parent, path, *spec, std::move(value));
}

std::vector<Chooser::Option> Tree::replayed(const Chooser::Request& request,
                                            const std::string& init_text) {
  const std::vector<Choice>& choices = options_.replay->choices;
  if (replay_at_ >= choices.size())
    bad_input("plan: it ends before {} at \"{}\": it was written for another model",
              request.task->name, request.path);
  const Choice& c = choices[replay_at_++];
  if (c.path != request.path || c.task != request.task->name)
    bad_input(
        "plan: node {} is {} at \"{}\", this tree has {} at \"{}\" there: it was written for "
        "another model",
        replay_at_, c.task, c.path, request.task->name, request.path);
  if (c.init != init_text)
    bad_input("plan: {} at \"{}\" was planned with the init {}, it now has {}", c.task, c.path,
              c.init, init_text);
  std::string others;
  for (const Implementation* i : catalog_.implementations(c.task)) {
    if (i->id() != c.implementation) continue;
    if (i->hash == c.hash) return {{i, c.reason}};
    others += fmt::format("; {} now has hash {}", i->file, i->hash);
  }
  bad_input("plan: {} at \"{}\" wants {} with hash {}, which is not loaded{}: write a new plan",
            c.task, c.path,
            c.implementation.empty() ? "nothing (a dry plan with missing tasks)" : c.implementation,
            c.hash, others);
}

std::vector<Chooser::Option> Tree::options_for(const Chooser::Request& request,
                                               const std::string& init_text) {
  if (outer_) {
    std::vector<Chooser::Option> out;
    for (const Implementation* i : baselines(catalog_, request.task->name, true))
      if (!nodes_.empty() || (i->impl->flags & FK_IMPL_COMPOSITE)) out.push_back({i, "outline"});
    return out;
  }
  return options_.replay ? replayed(request, init_text) : chooser_->order(request);
}

Node* Tree::try_options(Node* parent, const std::string& path, const TaskSpec& spec,
                        InitValue init) {
  const std::string text = init_text(init);
  const Undo before{
      nodes_.size(),       completed_.size(),   steppers_.size(), plan_.choices.size(),
      plan_.params.size(), plan_.states.size(), replay_at_};
  const Chooser::Request request{path, &spec,          &init,           options_.device,
                                 sm(), options_.dtype, Phase::kPrefill, text};
  const std::vector<Chooser::Option> options = options_for(request, text);
  const Undo tried{before.nodes,  before.completed, before.steppers, before.choices,
                   before.params, before.states,    replay_at_};
  std::vector<std::string> rejected;
  for (const Chooser::Option& option : options) {
    const fk_impl& impl = *option.implementation->impl;
    std::string refused;
    fk_status s = FK_OK;
    error_record().clear();
    if (impl.supports)
      s = contain("supports",
                  [&] { return impl.supports(load_host(), options_.device, sm(), init.data()); });
    if (s != FK_OK) refused = take_error(s);
    if (Node* node = s == FK_OK ? create(parent, path, spec, init, option, refused) : nullptr) {
      add_decode(node, request);
      Choice& c = plan_.choices[before.choices];
      c.rejected = std::move(rejected);
      c.init = text;
      return node;
    }
    if (s == FK_OK) roll_back(tried);
    rejected.push_back(fmt::format("{}: {}", option.implementation->id(), refused));
  }
  std::string why = fmt::format("no implementation of {} {}", spec.name,
                                options.empty() ? "is loaded" : "supports this");
  for (const std::string& r : rejected) why += "\n  " + r;
  for (const Refusal& r : catalog_.refusals())
    if (r.concerns(spec.name))
      why += fmt::format("\n  refused: {}{}{} ({}): {}", r.plugin,
                         r.implementation.empty() ? "" : "/", r.implementation, r.file, r.reason);
  const bool pinned = !options.empty() && options[0].reason.starts_with("pinned");
  if (options_.dry && !pinned) {
    Node* node = stub(parent, path, &spec, spec.name, why);
    node->set_init(init);
    plan_.choices.back().init = text;
    plan_.choices.back().rejected = std::move(rejected);
    return node;
  }
  if (pinned) why = fmt::format("{}: {}", options[0].reason, why);
  // The text names the node, so parents that are being built around it add nothing.
  error_record() = {FK_NOT_FOUND, path.empty() ? why : fmt::format("{}: {}", path, why), true};
  throw Error(Code::kMissing, error_record().text);
}

// Only for what stands alone: the children of a composite have phases of their own.
void Tree::add_decode(Node* node, Chooser::Request request) {
  if (outer_ || (node->implementation->impl->flags & FK_IMPL_COMPOSITE)) return;
  Choice* choice = nullptr;
  for (Choice& c : plan_.choices)
    if (c.path == node->path && c.task == request.task->name) choice = &c;
  std::vector<Chooser::Option> options;
  if (options_.replay) {
    const Choice& c = options_.replay->choices[replay_at_ - 1];
    if (c.decode.empty()) return;
    for (const Implementation* i : catalog_.implementations(c.task))
      if (i->id() == c.decode && i->hash == c.decode_hash) options.push_back({i, c.decode_reason});
    if (options.empty())
      bad_input("plan: {} at \"{}\" wants {} with hash {} for decode steps, which is not loaded",
                c.task, c.path, c.decode, c.decode_hash);
  } else if (chooser_->has_phases(request.task->name)) {
    request.phase = Phase::kDecode;
    options = chooser_->order(request);
  }
  for (const Chooser::Option& option : options) {
    const Implementation* i = option.implementation;
    if (i == node->implementation) return;
    if (i->impl->flags & FK_IMPL_COMPOSITE) continue;
    error_record().clear();
    fk_status s = FK_OK;
    if (i->impl->supports)
      s = contain("supports", [&] {
        return i->impl->supports(load_host(), options_.device, sm(), node->init_value.data());
      });
    void* state = nullptr;
    if (s == FK_OK) s = call_create(*node, *i, &state);
    if (s == FK_UNSUPPORTED && !option.reason.starts_with("pinned")) continue;
    if (s != FK_OK) {
      note_failure(*node, s);
      throw Error(code_of(s), error_record().text);
    }
    node->decode = std::make_unique<Node::Decode>(Node::Decode{i->impl->forward, state, i});
    if (FK_HAS(i->impl, on_step) && i->impl->on_step && !options_.dry &&
        (steppers_.empty() || steppers_.back() != node))
      steppers_.push_back(node);
    choice->decode = i->id();
    choice->decode_version = i->version;
    choice->decode_hash = i->hash;
    choice->decode_reason = option.reason;
    return;
  }
}

fk_status Tree::call_create(Node& node, const Implementation& i, void** state) {
  const fk_run run{sizeof(fk_run),  device_ ? device_->stream() : nullptr,
                   options_.device, options_.dry ? uint32_t(FK_RUN_DRY) : 0u,
                   nullptr,         options_.dtype};
  return contain("create",
                 [&] { return i.impl->create(&node.host, &run, node.init_value.data(), state); });
}

Node* Tree::create(Node* parent, const std::string& path, const TaskSpec& spec,
                   const InitValue& init, const Chooser::Option& option, std::string& refused) {
  const fk_impl& impl = *option.implementation->impl;
  Node* node = nodes_.emplace_back(std::make_unique<Node>()).get();
  node->forward = options_.dry      ? forward_dry
                  : layers_.empty() ? Node::forward_plain
                                    : Node::forward_layered;
  node->impl_forward = impl.forward;
  node->decoding = &decoding_;
  node->arena = &arena_;
  node->tree = this;
  node->parent = parent;
  node->spec = &spec;
  node->implementation = option.implementation;
  node->set_init(init);
  node->path = path;
  node->depth = parent ? parent->depth + 1 : 0;
  node->index = nodes_.size() - 1;
  node->host = make_host(*node);
  known_.insert(node);
  plan_.choices.push_back({path,
                           spec.name,
                           node->depth,
                           option.implementation->id(),
                           option.implementation->version,
                           option.implementation->hash,
                           option.reason,
                           {},
                           {}});
  error_record().clear();
  const fk_status s = call_create(*node, *option.implementation, &node->state);
  if (s == FK_UNSUPPORTED) {
    refused = take_error(s);
    if (const std::string label = node->label() + ": "; refused.starts_with(label))
      refused.erase(0, label.size());
    return nullptr;
  }
  if (s != FK_OK) {
    note_failure(*node, s);
    throw Error(code_of(s), error_record().text);
  }
  node->created = true;
  completed_.push_back(node);
  if (FK_HAS(&impl, on_step) && impl.on_step && !options_.dry) steppers_.push_back(node);
  return node;
}

Node* Tree::stub(Node* parent, const std::string& path, const TaskSpec* spec, std::string_view task,
                 const std::string& why) {
  Node* node = nodes_.emplace_back(std::make_unique<Node>()).get();
  node->forward = forward_dry;
  node->arena = &arena_;
  node->tree = this;
  node->parent = parent;
  node->spec = spec;
  node->path = path;
  node->depth = parent ? parent->depth + 1 : 0;
  node->index = nodes_.size() - 1;
  node->host = make_host(*node);
  known_.insert(node);
  plan_.choices.push_back({path, std::string(task), node->depth, "", "", "", why, {}, "{}"});
  if (missing_.insert(std::string(task)).second) plan_.missing_tasks.emplace_back(task);
  return node;
}

void Tree::roll_back(const Undo& to) {
  while (completed_.size() > to.completed) {
    Node* node = completed_.back();
    completed_.pop_back();
    node->destroy();
  }
  while (nodes_.size() > to.nodes) {
    known_.erase(nodes_.back().get());
    nodes_.pop_back();
  }
  for (size_t i = to.params; i < plan_.params.size(); ++i) param_paths_.erase(plan_.params[i].path);
  for (size_t i = to.states; i < plan_.states.size(); ++i) {
    states_.erase(plan_.states[i].path);
    state_bytes_ -= plan_.states[i].bytes;
  }
  steppers_.resize(to.steppers);
  plan_.choices.resize(to.choices);
  plan_.params.resize(to.params);
  plan_.states.resize(to.states);
  replay_at_ = to.replay_at;
}

void Tree::finish() {
  if (device_) device_->synchronize();  // what create() enqueued, and its errors
  building_ = false;
  for (size_t i = 0; i < nodes_.size() && i < plan_.choices.size(); ++i)
    plan_.choices[i].retained_bytes = nodes_[i]->retained;
  if (chooser_ && !options_.replay) chooser_->check_all_used();
  if (options_.replay && replay_at_ != options_.replay->choices.size())
    bad_input("plan: it has {} nodes, this tree has {}: it was written for another model",
              options_.replay->choices.size(), replay_at_);
}

std::vector<std::string> Tree::destroy() noexcept {
  std::vector<std::string> failed;
  while (!completed_.empty()) {  // parents before the children they may still point to
    Node* node = completed_.back();
    completed_.pop_back();
    error_record().clear();
    node->destroy();
    if (error_record().text.empty()) continue;
    note_failure(*node, FK_INTERNAL);
    failed.push_back(take_error(FK_INTERNAL));
  }
  return failed;
}

}  // namespace fk::core
