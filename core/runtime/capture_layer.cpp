// SPDX-License-Identifier: Apache-2.0
// Writes down every forward: shapes, the step's sequences, small integers, times.
#include <algorithm>
#include <optional>

#include "core/base/dtype.hpp"
#include "core/runtime/arg_check.hpp"
#include "core/runtime/capture.hpp"
#include "core/runtime/elements.hpp"
#include "core/runtime/layers.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

Json written_out(const InitValue& init) {
  return init.to_json([](const fk_instance* p) -> Json {
    return p ? written_out(static_cast<const Node*>(p)->init_value) : Json();
  });
}

// Integers as they are; no other dtype is asked for but floats of the run.
std::optional<double> element(const uint8_t* at, fk_dtype t) {
  const auto as = [at](auto v) {
    std::memcpy(&v, at, sizeof v);
    return v;
  };
  if (t.code == FK_FLOAT && t.bits == 32) return as(float{});
  if (t.code == FK_INT && t.bits == 32) return as(int32_t{});
  if (t.code == FK_INT && t.bits == 64) {
    const auto v = as(int64_t{});
    constexpr int64_t kExact = int64_t{1} << 53;
    if (-kExact <= v && v <= kExact) return double(v);
  }
  return std::nullopt;
}

// The elements of a small tensor, wherever it is; nothing when they are many or not exact.
std::optional<std::vector<double>> elements(Device& device, const fk_tensor& t) {
  if (numel(t) > CapturedCall::kMostValues || extent_bytes(t) > (size_t{1} << 20)) return {};
  const size_t bytes = extent_bytes(t);
  const auto* data = static_cast<const uint8_t*>(t.data);
  void* copy = nullptr;
  if (t.device.type != FK_CPU && bytes > 0) {
    copy = device.allocate_host(bytes);
    device.download(copy, t.data, bytes);
    device.synchronize();
    data = static_cast<const uint8_t*>(copy);
  }
  std::vector<double> out;
  bool exact = true;
  const size_t e = dtype_bytes(t.dtype);
  for_each_row(t, [&](size_t offset, size_t row) {
    for (size_t i = 0; i < row; i += e) {
      const auto v = element(data + offset + i, t.dtype);
      exact = exact && v;
      out.push_back(v.value_or(0));
    }
  });
  if (copy) device.release_host(copy);
  if (!exact) return {};
  return out;
}

const Field* field_of(const StructSpec& spec, std::string_view name) {
  for (const Field& f : spec.fields)
    if (f.name == name) return &f;
  return nullptr;
}

const fk_tensor* step_tensor(const StructSpec& spec, const void* step, std::string_view name) {
  const Field* f = field_of(spec, name);
  return f ? tensor_at(step, *f) : nullptr;
}

class CaptureLayer : public Layer {
 public:
  CaptureLayer(Tree& tree, std::shared_ptr<Capture> capture)
      : tree_(tree), capture_(std::move(capture)) {}

  fk_status before(Node& node, const fk_run& run, const void*& args) override {
    const auto entered = Clock::now();
    CapturedCall& call = capture_->entry(describe(node, run, args));
    if (call.paths.empty()) {
      call.case_init = written_out(node.init_value);
      add_values(call, node, run, args);
    }
    call.paths.insert(node.path);
    add_implementation(call, node);
    const auto start = device_now(node);
    open_.push_back({&call, start, 0, seconds_between(entered, start)});
    return FK_OK;
  }

  fk_status after(Node& node, const fk_run&, fk_status s) override {
    const auto end = device_now(node);
    const Open done = open_.back();
    open_.pop_back();
    const double seconds = seconds_between(done.start, end) - done.nested;
    if (s == FK_OK) {
      ++done.call->calls;
      done.call->seconds += seconds;
      done.call->self_seconds += seconds - done.children;
    }
    if (!open_.empty()) {
      open_.back().children += seconds;
      open_.back().nested += done.nested + done.entering + seconds_between(end, Clock::now());
    }
    return s;
  }

 private:
  struct Open {
    CapturedCall* call;
    Clock::time_point start;
    double children;    // seconds of the calls below
    double entering;    // that before() took, and
    double nested = 0;  // that this layer took around calls below: nobody's time
  };

  const StructSpec* step_of(const Node& node, const fk_run& run) const {
    if (node.spec->step.empty() || !run.step) return nullptr;
    return &tree_.catalog().registry().struct_spec(node.spec->step);
  }

  CapturedCall describe(const Node& node, const fk_run& run, const void* args) const {
    CapturedCall c;
    c.task = node.spec->name;
    c.init = tree_.plan().choices.at(node.index).init;
    c.phase = *node.decoding ? Phase::kDecode : Phase::kPrefill;
    c.dtype = tree_.options().dtype;
    for (const Field& f : node.spec->args) {
      const fk_tensor* t = f.type == FieldType::kTensor ? tensor_at(args, f) : nullptr;
      if (!t) {
        if (f.optional) c.absent.insert(f.name);
        continue;
      }
      add_sizes(c, node, f, *t);
      if (f.tensor.run_dtype && !f.tensor.dtypes.empty() && !same(t->dtype, c.dtype))
        c.wide.insert(f.name);
    }
    if (const StructSpec* spec = step_of(node, run)) add_step(c, *spec, run.step);
    return c;
  }

  static void add_sizes(CapturedCall& c, const Node& node, const Field& f, const fk_tensor& t) {
    const size_t named = f.tensor.shape.size(), given = size_t(t.ndim);
    if (given < named) return;
    const int64_t* shape = t.shape + (given - named);
    for (size_t i = 0; i < named; ++i)
      if (const auto name = f.tensor.shape[i].as_name(); name && !node.init_value.lookup(*name))
        c.dims.emplace(*name, shape[i]);
    if (!f.tensor.ellipsis) return;
    int64_t rows = 1;
    for (size_t i = 0; i < given - named; ++i) rows *= t.shape[i];
    c.dims.emplace("n", rows);
  }

  void add_step(CapturedCall& c, const StructSpec& spec, const void* step) const {
    const fk_tensor* starts = step_tensor(spec, step, "query_start_loc_host");
    const fk_tensor* lengths = step_tensor(spec, step, "seq_lens_host");
    if (!starts || !lengths) return;
    const auto* start = static_cast<const int32_t*>(starts->data);
    const auto* length = static_cast<const int32_t*>(lengths->data);
    for (int64_t s = 0; s < numel(*lengths); ++s) {
      const int64_t query = start[s + 1] - start[s];
      c.seqs.push_back({query, length[s] - query});
    }
    const auto& dims = tree_.options().dims;
    if (const auto at = dims.find("block_size"); at != dims.end())
      if (step_tensor(spec, step, "block_table")) c.dims.emplace("block_size", at->second);
  }

  void add_values(CapturedCall& c, const Node& node, const fk_run& run, const void* args) const {
    const auto add = [&](const std::string& name, const fk_tensor& t) {
      if (auto values = elements(*tree_.device(), t)) c.values.emplace(name, std::move(*values));
    };
    for (const Field& f : node.spec->args) {
      const fk_tensor* t = f.type == FieldType::kTensor ? tensor_at(args, f) : nullptr;
      if (!t || f.role != Field::Role::kIn) continue;
      if (t->dtype.code == FK_INT || (f.low && f.high && t->ndim == 1)) add(f.name, *t);
    }
    const StructSpec* spec = step_of(node, run);
    if (!spec) return;
    for (const char* name : {"slot_mapping", "state_indices"})
      if (const fk_tensor* t = step_tensor(*spec, run.step, name))
        add(std::string("step.") + name, *t);
    const fk_tensor* table = step_tensor(*spec, run.step, "block_table");
    const auto size = c.dims.find("block_size");
    if (!table || table->ndim != 2 || size == c.dims.end()) return;
    // It has room for the longest sequence that the engine takes: without the columns of nobody.
    int64_t longest = 0;
    for (const auto& s : c.seqs) longest = std::max(longest, s.context + s.query);
    fk_tensor used = *table;
    int64_t shape[] = {table->shape[0],
                       std::min(table->shape[1], (longest + size->second - 1) / size->second)};
    used.shape = shape;
    add("step.block_table", used);
  }

  static void add_implementation(CapturedCall& c, const Node& node) {
    const bool decode = node.decode && *node.decoding;
    const std::string id = (decode ? node.decode->implementation : node.implementation)->id();
    if ((", " + c.implementation + ",").find(", " + id + ",") != std::string::npos) return;
    c.implementation += (c.implementation.empty() ? "" : ", ") + id;
  }

  Tree& tree_;
  const std::shared_ptr<Capture> capture_;
  std::vector<Open> open_;
};

}  // namespace

std::unique_ptr<Layer> make_capture_layer(Tree& tree, std::shared_ptr<Capture> capture) {
  return std::make_unique<CaptureLayer>(tree, std::move(capture));
}

}  // namespace fk::core
