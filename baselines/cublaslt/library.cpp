// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace fk::cublaslt {
namespace {

constexpr int kProposals = 32;
// A bucket; the library's favourites come first. Loading a kernel, once a process, counts only in
// the second.
constexpr double kTimingSeconds = 0.030, kSearchSeconds = 0.150;
constexpr double kBatchMilliseconds = 0.4;  // timed in one go: events are good to about 1 us
constexpr int kMaxBatch = 16;
constexpr float kClose = 1.08f;
constexpr size_t kFinalists = 4;
constexpr int kTurns = 7;

class Event {
 public:
  Event() { FK_CUDA_CHECK(cudaEventCreate(&e_)); }
  ~Event() { cudaEventDestroy(e_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator cudaEvent_t() const { return e_; }

 private:
  cudaEvent_t e_ = nullptr;
};

// What `enqueue` puts on a stream takes on the device; the host waits for it.
class Stopwatch {
 public:
  template <class F>
  float milliseconds(cudaStream_t stream, const F& enqueue) const {
    FK_CUDA_CHECK(cudaEventRecord(from_, stream));
    enqueue();
    FK_CUDA_CHECK(cudaEventRecord(to_, stream));
    FK_CUDA_CHECK(cudaEventSynchronize(to_));
    float ms = 0;
    FK_CUDA_CHECK(cudaEventElapsedTime(&ms, from_, to_));
    return ms;
  }

 private:
  Event from_, to_;
};

std::string rival_key(const Problem& p) { return "ours." + bucket_key(p); }

float median(std::vector<float>& of) {
  const auto middle = of.begin() + long(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

std::optional<cublasLtMatmulAlgo_t> algorithm_of(const SearchCache::Numbers& words) {
  cublasLtMatmulAlgo_t algo{};
  if (words.size() != std::size(algo.data)) return std::nullopt;
  std::copy(words.begin(), words.end(), algo.data);
  return algo;
}

}  // namespace

std::shared_ptr<Library> Library::get(int device) {
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<Library>> libraries;
  std::lock_guard lock(mutex);
  auto library = libraries[device].lock();
  if (!library) libraries[device] = library = std::make_shared<Library>(device);
  return library;
}

Library::Library(int device) {
  cudaDeviceProp properties;
  FK_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  cache_ = std::make_unique<SearchCache>(properties.name, cublasLtGetVersion());
  FK_LT_CHECK(cublasLtCreate(&handle_));
  if (const cudaError_t e = cudaMalloc(&workspace_, kWorkspace); e != cudaSuccess) {
    cublasLtDestroy(handle_);
    check_cuda(e, "the workspace of cublasLt");
  }
}

Library::~Library() {
  cudaFree(workspace_);  // waits for products that still run
  cublasLtDestroy(handle_);
}

void Library::add_weight(const Problem& shape, const void* w) {
  std::lock_guard lock(mutex_);
  weights_[shape_of(shape)].insert(w);
}

void Library::remove_weight(const Problem& shape, const void* w) {
  std::lock_guard lock(mutex_);
  auto& of_shape = weights_[shape_of(shape)];
  if (const auto at = of_shape.find(w); at != of_shape.end()) of_shape.erase(at);
}

cublasLtMatmulAlgo_t Library::choose(const Matmul& matmul, const Problem& p, const void* x,
                                     const void* w, void* y, cudaStream_t stream, bool capturing) {
  std::lock_guard lock(mutex_);
  return choose_locked(matmul, p, x, w, y, stream, capturing);
}

cublasLtMatmulAlgo_t Library::choose_locked(const Matmul& matmul, const Problem& p, const void* x,
                                            const void* w, void* y, cudaStream_t stream,
                                            bool capturing) {
  if (const auto at = chosen_.find(p); at != chosen_.end()) return at->second;
  const std::string key = bucket_key(p);
  std::optional<cublasLtMatmulAlgo_t> algo;
  if (const auto known = cache_->find(key)) algo = algorithm_of(*known);
  if (!algo && !capturing && (algo = search(matmul, p, x, w, y, stream)))
    cache_->add(key, {std::begin(algo->data), std::end(algo->data)});
  const bool searched = algo.has_value();
  if (!algo || !matmul.accepts(handle_, *algo, kWorkspace)) {
    const auto proposals = matmul.proposals(handle_, kWorkspace, 1);
    if (proposals.empty())
      throw Error(FK_UNSUPPORTED,
                  "cublasLt has no algorithm for m %lld, n %lld, k %lld, rows %lld, %lld and %lld "
                  "apart, types %d -> %d",
                  static_cast<long long>(p.m), static_cast<long long>(p.n),
                  static_cast<long long>(p.k), static_cast<long long>(p.ldx),
                  static_cast<long long>(p.ldw), static_cast<long long>(p.ldy), int(p.in),
                  int(p.out));
    algo = proposals.front().algo;
  }
  // A guess made while capturing is not kept: the next call outside a capture may search.
  if (searched || !capturing) chosen_[p] = *algo;
  return *algo;
}

std::optional<bool> Library::known_beaten(const Problem& p) {
  std::lock_guard lock(mutex_);
  if (const auto at = beaten_.find(p); at != beaten_.end()) return at->second;
  const auto known = cache_->find(rival_key(p));
  if (!known || known->size() != 1) return std::nullopt;
  return beaten_[p] = known->front() != 0;
}

bool Library::time_rival(const Matmul& matmul, const Problem& p, const Rival& rival, const void* w,
                         void* y, cudaStream_t stream) {
  std::lock_guard lock(mutex_);
  rival.before();
  const auto algo = choose_locked(matmul, p, rival.x, w, y, stream, false);
  const std::vector<const void*> weights = rotation(p, w);
  const Stopwatch watch;
  size_t at = 0;
  auto time = [&](bool ours, int count) {
    return watch.milliseconds(stream, [&] {
      for (int i = 0; i < count; ++i) {
        const void* next = weights[at++ % weights.size()];
        rival.before();
        ours ? rival.with(next) : run(matmul, algo, rival.x, next, y, stream);
      }
    }) / float(count);
  };
  std::vector<float> turns[2];
  const int batch = std::max(kMaxBatch, int(weights.size()));
  for (int turn = -1; turn < kTurns; ++turn)  // the first loads kernels and describes weights
    for (const bool ours : {false, true})
      if (const float ms = time(ours, batch); turn >= 0) turns[ours].push_back(ms);
  const bool beaten = median(turns[true]) < median(turns[false]);
  cache_->add(rival_key(p), {beaten});
  return beaten_[p] = beaten;
}

// Only weights with at least w's alignment: the algorithms were proposed for it.
std::vector<const void*> Library::rotation(const Problem& p, const void* w) {
  std::vector<const void*> out;
  for (const void* other : weights_[shape_of(p)])
    if (alignment_of(other) >= p.align_w && (out.empty() || out.back() != other))
      out.push_back(other);
  if (out.empty()) out.push_back(w);
  return out;
}

std::optional<cublasLtMatmulAlgo_t> Library::search(const Matmul& matmul, const Problem& p,
                                                    const void* x, const void* w, void* y,
                                                    cudaStream_t stream) {
  const auto proposals = matmul.proposals(handle_, kWorkspace, kProposals);
  if (proposals.empty()) return std::nullopt;
  if (proposals.size() == 1) return proposals.front().algo;
  const std::vector<const void*> weights = rotation(p, w);
  using Clock = std::chrono::steady_clock;
  auto seconds_since = [](Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  };
  const auto begin = Clock::now();
  double loading = 0;
  const Stopwatch watch;
  size_t at = 0;
  // Milliseconds a product, or nothing if this algorithm does not run after all.
  auto time = [&](const cublasLtMatmulAlgo_t& algo, int count) -> std::optional<float> {
    bool runs = true;
    const float ms = watch.milliseconds(stream, [&] {
      for (int i = 0; i < count && runs; ++i)
        runs = matmul.run(handle_, algo, x, weights[at++ % weights.size()], y, workspace_,
                          kWorkspace, stream) == CUBLAS_STATUS_SUCCESS;
    });
    return runs ? std::optional(ms / float(count)) : std::nullopt;
  };
  struct Timed {
    float ms;
    const cublasLtMatmulAlgo_t* algo;
    int batch;
  };
  std::vector<Timed> timed;
  float best_ms = 0;
  for (const auto& proposal : proposals) {
    const double spent = seconds_since(begin);
    if (!timed.empty() && (spent > kSearchSeconds || spent - loading > kTimingSeconds)) break;
    const auto load = Clock::now();
    const auto first = time(proposal.algo, 1);
    loading += seconds_since(load);
    if (!first) continue;
    const auto again = time(proposal.algo, 1);
    if (!again || (!timed.empty() && *again > 3 * best_ms + 0.02f)) continue;  // hopeless
    const int batch = std::clamp(int(kBatchMilliseconds / double(*again)), 1, kMaxBatch);
    const auto a = time(proposal.algo, batch), b = time(proposal.algo, batch);
    if (!a || !b) continue;
    timed.push_back({std::min(*a, *b), &proposal.algo, batch});
    best_ms = timed.size() == 1 ? timed[0].ms : std::min(best_ms, timed.back().ms);
  }
  if (timed.empty()) return std::nullopt;
  // One look does not tell apart what is close: the closest few take turns, and the median counts.
  std::sort(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) { return a.ms < b.ms; });
  const auto close = std::find_if(timed.begin(), timed.end(),
                                  [&](const Timed& t) { return t.ms > timed[0].ms * kClose; });
  timed.resize(std::min<size_t>(kFinalists, size_t(close - timed.begin())));
  std::vector<std::vector<float>> turns(timed.size());
  for (int turn = 0; timed.size() > 1 && turn < kTurns; ++turn)
    for (size_t i = 0; i < timed.size(); ++i)
      if (const auto ms = time(*timed[i].algo, timed[i].batch)) turns[i].push_back(*ms);
  for (size_t i = 0; i < timed.size(); ++i)
    if (!turns[i].empty()) timed[i].ms = median(turns[i]);
  return *std::min_element(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) {
            return a.ms < b.ms;
          })->algo;
}

void Library::run(const Matmul& matmul, const cublasLtMatmulAlgo_t& algo, const void* x,
                  const void* w, void* y, cudaStream_t stream) const {
  check_lt(matmul.run(handle_, algo, x, w, y, workspace_, kWorkspace, stream), "cublasLtMatmul");
}

}  // namespace fk::cublaslt
