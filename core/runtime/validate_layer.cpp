// SPDX-License-Identifier: Apache-2.0
// Checks what every call gets and does: args by the spec, no write past outputs or scratch, every
// output element written, inputs left as they were, no call of an instance from inside itself.
#include <algorithm>
#include <deque>

#include "core/base/error.hpp"
#include "core/plugin/load_host.hpp"
#include "core/runtime/arg_check.hpp"
#include "core/runtime/elements.hpp"
#include "core/runtime/shadow.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {
namespace {

constexpr size_t kGuard = 256;  // as in guarded scratch
constexpr unsigned char kCanary = 0xCA;
constexpr size_t kTooLarge = size_t{256} << 20;  // such a cache is passed as it is and not summed

struct Sum {
  std::string name;
  const fk_tensor* tensor;
  uint64_t before;
};

struct Call {
  std::vector<unsigned char> args;  // with shadows in place of outputs
  std::deque<Shadow> shadows;
  std::vector<Sum> inputs;
  size_t guards = 0;
};

fk_status complain(const Node& node, const std::string& text) {
  error_record() = {FK_INTERNAL, fmt::format("{}: validate: {}", node.label(), text), true};
  return FK_INTERNAL;
}

bool overlap(const fk_tensor& a, const fk_tensor& b) {
  const auto* p = static_cast<const char*>(a.data);
  const auto* q = static_cast<const char*>(b.data);
  return p < q + extent_bytes(b) && q < p + extent_bytes(a);
}

bool same_view(const fk_tensor& a, const fk_tensor& b) {
  return a.data == b.data && a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape) &&
         std::equal(a.strides, a.strides + a.ndim, b.strides);
}

class ValidateLayer : public Layer {
 public:
  explicit ValidateLayer(Tree& tree) : tree_(tree) {}

  fk_status before(Node& node, const fk_run& run, const void*& args) override {
    if (node.busy) return complain(node, "it is called again from inside its own forward");
    if (std::string text = check_args(node, args, tree_.options().dtype); !text.empty())
      return complain(node, text);
    node.busy = true;
    Call& call = calls_.emplace_back();
    call.guards = tree_.guards().size();
    const auto* bytes = static_cast<const unsigned char*>(args);
    call.args.assign(bytes, bytes + *static_cast<const size_t*>(args));
    add_shadows(call, node);
    add_inputs(call, node, args);
    add_step(call, node, run);
    args = call.args.data();
    return FK_OK;
  }

  fk_status after(Node& node, const fk_run&, fk_status s) override {
    Call call = std::move(calls_.back());
    calls_.pop_back();
    node.busy = false;
    std::string text = close_guards(call.guards);
    for (Shadow& shadow : call.shadows)
      if (std::string t = shadow.close(); text.empty()) text = std::move(t);
    for (const Sum& sum : call.inputs)
      if (text.empty() && checksum(*sum.tensor) != sum.before)
        text = fmt::format("it wrote to its input {}", sum.name);
    return s != FK_OK || text.empty() ? s : complain(node, text);
  }

 private:
  // Outputs and in-place arguments. Two fields of one address (y may be x itself) share one shadow
  // with the real values.
  void add_shadows(Call& call, const Node& node) {
    const TaskSpec& spec = *node.spec;
    const auto writable = [](const Field& f) {
      return f.role == Field::Role::kOut || f.is_mutable;
    };
    for (const Field& f : spec.args) {
      const fk_tensor* t = f.type == FieldType::kTensor ? tensor_at(call.args.data(), f) : nullptr;
      if (!t || !writable(f) || is_shadow(call, t)) continue;
      if (t->dtype.bits < 8 || extent_bytes(*t) > kTooLarge) continue;
      bool in_place = f.is_mutable, partial = false;
      for (const Field& g : spec.args) {
        if (g.type != FieldType::kTensor || &g == &f) continue;
        const fk_tensor* u = original(call, g);
        if (!u || !overlap(*t, *u)) continue;
        (same_view(*t, *u) ? in_place : partial) = true;
      }
      if (partial) continue;  // parts of one matrix: no copy of one is right for the other
      const fk_tensor* shadow = call.shadows.emplace_back(f, *t, in_place).get();
      for (const Field& g : spec.args) {  // an input of the same address must see what is written
        const fk_tensor* u =
            g.type == FieldType::kTensor ? tensor_at(call.args.data(), g) : nullptr;
        if (u && (&g == &f || (in_place && same_view(*u, *t)))) put(call, g, shadow);
      }
    }
  }
  static bool is_shadow(const Call& call, const fk_tensor* t) {
    return std::any_of(call.shadows.begin(), call.shadows.end(),
                       [&](const Shadow& s) { return s.get() == t; });
  }
  // The tensor a field had before a shadow took its place.
  static const fk_tensor* original(const Call& call, const Field& f) {
    const fk_tensor* t = tensor_at(call.args.data(), f);
    for (const Shadow& s : call.shadows)
      if (s.get() == t) return s.real();
    return t;
  }
  static void put(Call& call, const Field& f, const fk_tensor* t) {
    std::memcpy(call.args.data() + f.offset, &t, sizeof t);
  }
  void add_sum(Call& call, const std::string& name, const fk_tensor* t) {
    if (t && t->dtype.bits >= 8 && t->device.type == FK_CPU && extent_bytes(*t) <= kTooLarge)
      call.inputs.push_back({name, t, checksum(*t)});
  }
  void add_inputs(Call& call, const Node& node, const void* args) {
    std::vector<const fk_tensor*> written;
    for (const Field& f : node.spec->args)
      if (f.type == FieldType::kTensor && (f.role == Field::Role::kOut || f.is_mutable))
        if (const fk_tensor* t = tensor_at(args, f)) written.push_back(t);
    for (const Field& f : node.spec->args) {
      if (f.role == Field::Role::kOut || f.is_mutable) continue;
      const auto sum = [&](const fk_tensor* t) {
        if (t && std::none_of(written.begin(), written.end(),
                              [&](const fk_tensor* w) { return overlap(*w, *t); }))
          add_sum(call, f.name, t);
      };
      if (f.type == FieldType::kTensor) sum(tensor_at(args, f));
      if (f.type != FieldType::kTensors) continue;
      const auto& list =
          *reinterpret_cast<const fk_tensors*>(static_cast<const char*>(args) + f.offset);
      for (size_t i = 0; i < list.size; ++i) sum(list.data[i]);
    }
  }
  void add_step(Call& call, const Node& node, const fk_run& run) {
    if (node.spec->step.empty() || !run.step) return;
    for (const Field& f : tree_.catalog().registry().struct_spec(node.spec->step).fields)
      if (f.type == FieldType::kTensor) add_sum(call, "step." + f.name, tensor_at(run.step, f));
  }

  // Looks at the canaries of the scratch that this call took, and forgets it.
  std::string close_guards(size_t from) {
    std::vector<Tree::Guard>& guards = tree_.guards();
    std::string text;
    for (size_t i = from; i < guards.size(); ++i)
      for (size_t k = 0; k < kGuard && text.empty(); ++k) {
        if (guards[i].data[guards[i].bytes + k] != kCanary)
          text = fmt::format("it wrote past the {} bytes of scratch it asked for (byte {})",
                             guards[i].bytes, guards[i].bytes + k);
        else if (guards[i].data[-1 - std::ptrdiff_t(k)] != kCanary)
          text = fmt::format("it wrote {} bytes before the {} bytes of scratch it asked for", k + 1,
                             guards[i].bytes);
      }
    guards.resize(from);
    return text;
  }

  Tree& tree_;
  std::deque<Call> calls_;
};

}  // namespace

std::unique_ptr<Layer> make_validate_layer(Tree& tree) {
  return std::make_unique<ValidateLayer>(tree);
}

}  // namespace fk::core
