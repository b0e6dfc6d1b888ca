// SPDX-License-Identifier: Apache-2.0
#include "core/judge/runner/slot_graphs.hpp"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/base/error.hpp"
#include "core/device/cuda/cuda_device.hpp"
#include "core/judge/runner/cuda/runner_kernels.hpp"
#include "core/judge/wire/feed.hpp"

namespace fk::judge {
namespace {

using core::check_cuda;

constexpr size_t kCopied = size_t{256} << 20;
constexpr int kEmptyPairs = 32;
// Of the kernel before a call alone: graphs that are launched in a row, as a round's are; times
// that is done before it counts, and times it does.
constexpr int kAlone = 8, kAloneWarmUps = 4, kAloneTimes = 16;
static_assert(LeadWork::kMost >= Feed::kMost);

class Pair {
 public:
  Pair() {
    check_cuda(cudaEventCreate(&begin), "creating an event");
    check_cuda(cudaEventCreate(&end), "creating an event");
  }
  ~Pair() {
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  double seconds() const {
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, begin, end), "reading events");
    return double(ms) * 1e-3;
  }
  cudaEvent_t begin = nullptr, end = nullptr;
};

struct Recorded {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr, armed = nullptr;
  Pair pair;
  ~Recorded() {
    if (armed) cudaGraphExecDestroy(armed);
    if (exec) cudaGraphExecDestroy(exec);
    if (graph) cudaGraphDestroy(graph);
  }
};

// A chain of nodes that becomes one graph.
class Chain {
 public:
  Chain() { check_cuda(cudaGraphCreate(&graph_, 0), "making a graph"); }
  ~Chain() { cudaGraphDestroy(graph_); }
  void set(void* to, unsigned value, size_t bytes) {
    if (bytes == 0) return;
    cudaMemsetParams p{};
    p.dst = to;
    p.elementSize = bytes % 4 == 0 ? 4 : 1;
    p.value = p.elementSize == 4 ? value * 0x01010101u : value;
    p.width = bytes / p.elementSize;
    p.height = 1;
    cudaGraphNode_t n;
    check_cuda(cudaGraphAddMemsetNode(&n, graph_, before(), count(), &p), "adding a node");
    last_ = n;
  }
  void read(void* from, size_t bytes) {
    cudaGraphNode_t n;
    check_cuda(add_reading(&n, graph_, before(), count(), from, bytes), "adding a node");
    last_ = n;
  }
  void record(cudaEvent_t event) {
    cudaGraphNode_t n;
    check_cuda(cudaGraphAddEventRecordNode(&n, graph_, before(), count(), event), "adding a node");
    last_ = n;
  }
  void child(cudaGraph_t graph) {
    cudaGraphNode_t n;
    check_cuda(cudaGraphAddChildGraphNode(&n, graph_, before(), count(), graph), "adding a node");
    last_ = n;
  }
  cudaGraphExec_t instantiate() const {
    cudaGraphExec_t exec = nullptr;
    check_cuda(cudaGraphInstantiate(&exec, graph_, 0), "instantiating a graph");
    return exec;
  }

 private:
  const cudaGraphNode_t* before() const { return last_ ? &last_ : nullptr; }
  size_t count() const { return last_ ? 1 : 0; }
  cudaGraph_t graph_ = nullptr;
  cudaGraphNode_t last_ = nullptr;
};

void count_nodes(cudaGraph_t graph, SlotGraphs::Content& out) {
  size_t n = 0;
  check_cuda(cudaGraphGetNodes(graph, nullptr, &n), "reading a graph");
  std::vector<cudaGraphNode_t> nodes(n);
  check_cuda(cudaGraphGetNodes(graph, nodes.data(), &n), "reading a graph");
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type;
    check_cuda(cudaGraphNodeGetType(node, &type), "reading a graph");
    if (type == cudaGraphNodeTypeKernel) {
      ++out.kernels;
    } else if (type == cudaGraphNodeTypeMemcpy || type == cudaGraphNodeTypeMemset) {
      ++out.copies;
    } else if (type == cudaGraphNodeTypeHost) {
      ++out.host_nodes;
    } else if (type == cudaGraphNodeTypeGraph) {
      cudaGraph_t inner = nullptr;
      check_cuda(cudaGraphChildGraphNodeGetGraph(node, &inner), "reading a graph");
      count_nodes(inner, out);
    } else {
      ++out.other;
    }
  }
}

class CudaSlotGraphs : public SlotGraphs {
 public:
  explicit CudaSlotGraphs(core::Device& device)
      : device_(device), stream_(static_cast<cudaStream_t>(device.stream())) {
    check_cuda(cudaDeviceGetAttribute(&l2_, cudaDevAttrL2CacheSize, device.id().index),
               "asking for the size of the L2");
    flush_bytes_ = std::max<size_t>(2 * size_t(l2_), size_t{32} << 20);
    check_cuda(cudaMalloc(&flush_, flush_bytes_), "allocating the buffer that empties the L2");
    int processors = 0;
    check_cuda(
        cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device.id().index),
        "asking for the multiprocessors");
    lead_blocks_ = 2 * unsigned(processors);
    check_cuda(cudaMalloc(reinterpret_cast<void**>(&ratio_), 4 * sizeof *ratio_),
               "allocating device memory");
    check_cuda(cudaMallocHost(reinterpret_cast<void**>(&on_host_), 3 * sizeof *on_host_),
               "allocating pinned memory");
    open_ = on_host_ + 2;
    forbid_persisting();
    warm_up();
  }
  // The process ends with it; a context that is broken frees nothing anyway.
  ~CudaSlotGraphs() override { clear(); }

  void clear() override {
    cudaStreamSynchronize(stream_);
    recorded_.clear();
    before_ = {};
  }

  Content capture(size_t call, size_t slot, const std::function<void()>& forward) override {
    recorded_.erase({call, slot});
    auto made = std::make_unique<Recorded>();
    Content out = record(*made, forward);
    if (!out.refused.empty()) return out;
    if (const cudaError_t e = cudaGraphInstantiate(&made->exec, made->graph, 0)) {
      cudaGetLastError();
      out.refused = cudaGetErrorString(e);
      return out;
    }
    recorded_[{call, slot}] = std::move(made);
    return out;
  }

  void replay(size_t call, size_t slot) override {
    const Recorded& r = find(call, slot);
    if (!r.exec) core::bad_input("replay: call {} of slot {} is armed", call, slot);
    check_cuda(cudaGraphLaunch(r.exec, stream_), "launching a graph");
  }

  Content arm(size_t slot, const Before& before, const std::function<void()>& forward) override {
    recorded_.erase({0, slot});
    auto made = std::make_unique<Recorded>();
    Content out = record_behind(*made, before, forward);
    if (!out.refused.empty() || out.host_nodes > 0) return out;
    enclose(*made, before);
    if (slot == 0) before_ = before;
    recorded_[{0, slot}] = std::move(made);
    return out;
  }

  Times time(const std::vector<size_t>& slots) override {
    forbid_persisting();
    launch(slots);
    return times();
  }

  void hold(const std::vector<size_t>& slots) override {
    if (slots.size() > kMostHeld) core::bad_input("hold: {} slots", slots.size());
    forbid_persisting();
    *open_ = 0;
    check_cuda(launch_gate(open_, stream_), "launching a kernel");
    launch(slots);
  }
  Times finish() override {
    *static_cast<volatile unsigned long long*>(open_) = 1;
    return times();
  }

  Json facts() override {
    Json out = {{"l2_bytes", l2_},
                {"event_pair_seconds", empty_pair()},
                {"copy_bytes_per_second", copy_rate()}};
    if (!before_.fed.empty()) out["lead_seconds"] = lead_alone(before_);
    return out;
  }

  std::string broken() const override {
    cudaError_t e = cudaStreamQuery(stream_);
    if (e == cudaSuccess || e == cudaErrorNotReady) return "";
    cudaGetLastError();
    e = cudaStreamQuery(stream_);  // what goes away by being read was no broken context
    if (e == cudaSuccess || e == cudaErrorNotReady) return "";
    return std::string("the context is broken: ") + cudaGetErrorName(e) + ": " +
           cudaGetErrorString(e);
  }

 private:
  // What `forward` enqueues, as the graph of `r`.
  Content record(Recorded& r, const std::function<void()>& forward) {
    Content out;
    check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), "beginning a graph");
    try {
      forward();
    } catch (const core::Error& e) { out.refused = e.text(); }
    const cudaError_t ended = cudaStreamEndCapture(stream_, &r.graph);
    if (ended != cudaSuccess || !r.graph) {
      cudaGetLastError();
      if (out.refused.empty()) out.refused = cudaGetErrorString(ended);
    }
    if (out.refused.empty()) count_nodes(r.graph, out);
    return out;
  }

  // In one capture with the kernel before, so that a first kernel that is launched to begin early
  // does. The edge that says so stays when the graph becomes another's child.
  Content record_behind(Recorded& r, const Before& before, const std::function<void()>& forward) {
    if (before.fed.empty()) return record(r, forward);
    // `forward` has the graph in its hands: it sees a kernel that knows nothing yet. Behind it
    // everything comes after the first node, and that is made ours, whatever it was made before.
    Content out = record(r, [&] {
      check_cuda(launch_lead({}, lead_blocks_, stream_), "launching a kernel");
      forward();
    });
    if (!out.refused.empty()) return out;
    --out.kernels;
    cudaGraphNode_t roots[2] = {};
    size_t count = 2;
    check_cuda(cudaGraphGetRootNodes(r.graph, roots, &count), "reading a graph");
    if (count != 1) core::bad_input("a part of the call does not come after what was before it");
    check_cuda(set_lead(roots[0], lead_of(before), lead_blocks_), "setting a node");
    return out;
  }
  LeadWork lead_of(const Before& before) const {
    if (before.fed.size() > LeadWork::kMost)
      core::bad_input("arm: {} arguments are fed", before.fed.size());
    LeadWork out;
    for (const auto& f : before.fed)
      out.fed[out.count++] = {static_cast<const uint8_t*>(f.from), static_cast<uint8_t*>(f.to),
                              f.bytes};
    // What the flush read first it has put out itself by its end.
    out.cold = static_cast<uint4*>(flush_);
    out.vectors = kLeadBytes / sizeof(uint4);
    return out;
  }

  // Between events, behind poison and cold caches. Nothing is left for a plugin to look into.
  void enclose(Recorded& r, const Before& before) {
    Chain chain;
    for (const auto& [to, bytes] : before.poison) chain.set(to, 0xff, bytes);
    for (const auto& f : before.fed) chain.set(f.to, 0xff, f.bytes);
    empty_cache(chain);
    chain.record(r.pair.begin);
    chain.child(r.graph);
    chain.record(r.pair.end);
    r.armed = chain.instantiate();
    check_cuda(cudaGraphUpload(r.armed, stream_), "uploading a graph");
    cudaGraphDestroy(std::exchange(r.graph, nullptr));
  }

  // The mean of the middle half: events tick too coarsely for a median.
  double lead_alone(const Before& before) {
    std::vector<std::unique_ptr<Recorded>> all;
    for (int i = 0; i < kAlone; ++i) {
      all.push_back(std::make_unique<Recorded>());
      const Content got = record_behind(*all.back(), before, [] {});
      if (!got.refused.empty()) core::bad_input("the kernel before a call: {}", got.refused);
      enclose(*all.back(), before);
    }
    forbid_persisting();
    std::vector<double> seconds;
    for (int i = 0; i < kAloneWarmUps + kAloneTimes; ++i) {
      for (const auto& r : all) check_cuda(cudaGraphLaunch(r->armed, stream_), "launching a graph");
      check_cuda(cudaStreamSynchronize(stream_), "the kernel before a call");
      for (const auto& r : all)
        if (i >= kAloneWarmUps) seconds.push_back(r->pair.seconds());
    }
    std::ranges::sort(seconds);
    const size_t quarter = seconds.size() / 4;
    return std::accumulate(seconds.begin() + quarter, seconds.end() - quarter, 0.0) /
           double(seconds.size() - 2 * quarter);
  }

  // Writing puts out what was there. It leaves lines to be written back, which would take a call's
  // time as nothing does in a model, where the lines before are weights: reading puts those out.
  void empty_cache(Chain& chain) const {
    chain.set(flush_, 0, flush_bytes_);
    chain.read(flush_, flush_bytes_);
  }
  void launch(const std::vector<size_t>& slots) {
    launched_ = slots;
    check_cuda(cudaEventRecord(round_.begin, stream_), "recording an event");
    for (size_t s : slots) {
      const Recorded& r = find(0, s);
      if (!r.armed) core::bad_input("time: slot {} is not armed", s);
      check_cuda(cudaGraphLaunch(r.armed, stream_), "launching a graph");
    }
    check_cuda(cudaEventRecord(round_.end, stream_), "recording an event");
    check_cuda(launch_clock_ratio(ratio_, stream_), "launching a kernel");
    check_cuda(
        cudaMemcpyAsync(on_host_, ratio_, 2 * sizeof *ratio_, cudaMemcpyDeviceToHost, stream_),
        "reading the clocks");
  }
  Times times() {
    Times out;
    check_cuda(cudaStreamSynchronize(stream_), "a kernel of this round");
    out.mhz = on_host_[1] ? double(on_host_[0]) / double(on_host_[1]) * 1e3 : 0;
    for (size_t s : launched_) out.pairs.push_back(find(0, s).pair.seconds());
    out.span = round_.seconds();
    return out;
  }

  Recorded& find(size_t call, size_t slot) {
    const auto at = recorded_.find({call, slot});
    if (at == recorded_.end()) core::bad_input("call {} of slot {} is not captured", call, slot);
    return *at->second;
  }

  // Lines that a plugin pinned would survive the flush. Cards without the carve-out say so.
  void forbid_persisting() {
    cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, 0);
    cudaCtxResetPersistingL2Cache();
    cudaGetLastError();
  }

  double empty_pair() {
    Pair pair;
    Chain chain;
    empty_cache(chain);
    chain.record(pair.begin);
    chain.record(pair.end);
    cudaGraphExec_t exec = chain.instantiate();
    std::vector<double> seconds;
    for (int i = 0; i < kEmptyPairs; ++i) {
      check_cuda(cudaGraphLaunch(exec, stream_), "launching a graph");
      check_cuda(cudaStreamSynchronize(stream_), "an empty graph");
      seconds.push_back(pair.seconds());
    }
    cudaGraphExecDestroy(exec);
    std::nth_element(seconds.begin(), seconds.begin() + kEmptyPairs / 2, seconds.end());
    return seconds[kEmptyPairs / 2];
  }

  double copy_rate() {
    void *from = nullptr, *to = nullptr;
    if (cudaMalloc(&from, kCopied) != cudaSuccess || cudaMalloc(&to, kCopied) != cudaSuccess) {
      cudaGetLastError();
      cudaFree(from);
      return 0;
    }
    double best = 0;
    for (int i = 0; i < 5; ++i) {
      Pair pair;
      check_cuda(cudaEventRecord(pair.begin, stream_), "recording an event");
      check_cuda(cudaMemcpyAsync(to, from, kCopied, cudaMemcpyDeviceToDevice, stream_), "copying");
      check_cuda(cudaEventRecord(pair.end, stream_), "recording an event");
      check_cuda(cudaStreamSynchronize(stream_), "copying");
      best = std::max(best, 2.0 * double(kCopied) / pair.seconds());
    }
    cudaFree(from);
    cudaFree(to);
    return best;
  }

  // Everything once that is done later, while threads may still be started and files read. The
  // driver opens its compiler when somebody first brings PTX, as cuDNN does: code that could not be
  // mapped any more once a plugin is open.
  void warm_up() {
    dlopen("libnvidia-ptxjitcompiler.so.1", RTLD_NOW | RTLD_LOCAL);
    hold({});
    finish();
    empty_pair();
    capture(0, 0, [&] { cudaMemsetAsync(ratio_, 0, sizeof *ratio_, stream_); });
    replay(0, 0);
    arm(0, {{}, {{ratio_, ratio_ + 2, sizeof *ratio_}}}, [] {});
    time({0});
    check_cuda(cudaStreamSynchronize(stream_), "a first graph");
    cudaEvent_t blocking = nullptr;
    check_cuda(cudaEventCreateWithFlags(&blocking, cudaEventBlockingSync), "creating an event");
    check_cuda(cudaEventRecord(blocking, stream_), "recording an event");
    check_cuda(cudaEventSynchronize(blocking), "waiting for an event");
    cudaEventDestroy(blocking);
    clear();
  }

  core::Device& device_;
  cudaStream_t stream_;
  int l2_ = 0;
  size_t flush_bytes_ = 0;
  unsigned lead_blocks_ = 0;
  void* flush_ = nullptr;
  unsigned long long *ratio_ = nullptr, *on_host_ = nullptr, *open_ = nullptr;
  std::vector<size_t> launched_;
  Pair round_;
  std::map<std::pair<size_t, size_t>, std::unique_ptr<Recorded>> recorded_;
  Before before_;  // slot 0's call, once it is armed
};

}  // namespace

std::unique_ptr<SlotGraphs> SlotGraphs::make(core::Device& device) {
  return std::make_unique<CudaSlotGraphs>(device);
}

}  // namespace fk::judge
