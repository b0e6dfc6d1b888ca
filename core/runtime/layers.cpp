// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/layers.hpp"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define FK_HAVE_NVTX 1
#endif

#include <cstdio>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/plugin/load_host.hpp"
#include "core/runtime/shapes.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One line a call on stderr, indented by depth, when it returns.
class TraceLayer : public Layer {
 public:
  fk_status before(Node& node, const fk_run&, const void*& args) override {
    std::string shapes;
    for (const Field& f : node.spec->args) {
      if (f.type != FieldType::kTensor) continue;
      const auto* t =
          *reinterpret_cast<const fk_tensor* const*>(static_cast<const char*>(args) + f.offset);
      if (t)
        shapes += fmt::format(" {}={}", f.name, describe(t->dtype, {t->shape, t->shape + t->ndim}));
    }
    fmt::print(stderr, "trace {:{}}> {} {}{}\n", "", 2 * node.depth, node.spec->name, node.label(),
               shapes);
    starts_.push_back(device_now(node));
    return FK_OK;
  }
  fk_status after(Node& node, const fk_run&, fk_status s) override {
    device_now(node);
    fmt::print(stderr, "trace {:{}}< {} {} {:.1f} us\n", "", 2 * node.depth, node.spec->name,
               status_name(s), 1e6 * seconds_since(starts_.back()));
    starts_.pop_back();
    return s;
  }

 private:
  std::vector<Clock::time_point> starts_;
};

class TimeLayer : public Layer {
 public:
  fk_status before(Node& node, const fk_run&, const void*&) override {
    if (totals_.size() <= node.index) totals_.resize(node.index + 1);
    open_.push_back({device_now(node), 0});
    return FK_OK;
  }
  fk_status after(Node& node, const fk_run&, fk_status s) override {
    device_now(node);
    const double seconds = seconds_since(open_.back().start);
    Total& t = totals_[node.index];
    ++t.calls;
    t.seconds += seconds;
    t.self += seconds - open_.back().children;
    open_.pop_back();
    if (!open_.empty()) open_.back().children += seconds;
    return s;
  }
  Json report(const std::vector<std::unique_ptr<Node>>& nodes) const override {
    Json out = Json::array();
    for (const auto& node : nodes) {
      if (node->index >= totals_.size() || totals_[node->index].calls == 0) continue;
      const Total& t = totals_[node->index];
      out.push_back({{"path", node->path},
                     {"task", node->spec->name},
                     {"implementation", node->implementation->id()},
                     {"depth", node->depth},
                     {"calls", t.calls},
                     {"seconds", t.seconds},
                     {"self_seconds", t.self}});
    }
    return out;
  }

 private:
  struct Total {
    int64_t calls = 0;
    double seconds = 0, self = 0;
  };
  struct Open {
    Clock::time_point start;
    double children;
  };
  std::vector<Total> totals_;
  std::vector<Open> open_;
};

#ifdef FK_HAVE_NVTX
class NvtxLayer : public Layer {
 public:
  fk_status before(Node& node, const fk_run&, const void*&) override {
    nvtxRangePushA(node.label().c_str());
    return FK_OK;
  }
  fk_status after(Node&, const fk_run&, fk_status s) override {
    nvtxRangePop();
    return s;
  }
};
#endif

}  // namespace

Clock::time_point device_now(const Node& node) {
  if (Device* d = node.tree->device()) d->synchronize();
  return Clock::now();
}

fk_status run_layers(const Layers& layers, Node& node, const fk_run* run, const void* args) {
  size_t entered = 0;
  fk_status s = FK_OK;
  for (; entered < layers.size() && s == FK_OK; ++entered)
    s = layers[entered]->before(node, *run, args);
  if (s == FK_OK)
    s = node.call(run, args);
  else
    --entered;  // the one that refused has no after()
  while (entered-- > 0) s = layers[entered]->after(node, *run, s);
  return s;
}

std::unique_ptr<Layer> make_trace_layer() { return std::make_unique<TraceLayer>(); }
std::unique_ptr<Layer> make_time_layer() { return std::make_unique<TimeLayer>(); }

std::unique_ptr<Layer> make_nvtx_layer() {
#ifdef FK_HAVE_NVTX
  return std::make_unique<NvtxLayer>();
#else
  missing("the nvtx layer needs nvtx3/nvToolsExt.h of the CUDA toolkit at build time");
#endif
}

Layers make_layers(const LayerOptions& options, Tree& tree) {
  Layers out;
  if (options.nvtx) out.push_back(make_nvtx_layer());
  if (options.time) out.push_back(make_time_layer());
  if (options.trace) out.push_back(make_trace_layer());
  if (options.validate && !tree.device()->is_cpu())
    bad_input(
        "the validate layer looks at every byte from the host, so it works on the CPU; on {} run "
        "the "
        "command under compute-sanitizer",
        device_text(tree.options().device));
  if (options.validate) out.push_back(make_validate_layer(tree));
  // Innermost: what the others do is no part of a call.
  if (options.capture) out.push_back(make_capture_layer(tree, options.capture));
  return out;
}

}  // namespace fk::core
