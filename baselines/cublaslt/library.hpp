// SPDX-License-Identifier: Apache-2.0
// What all instances of the plugin on one device share: the handle, the workspace and the choice of
// algorithms.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "cache.hpp"
#include "matmul.hpp"

namespace fk::cublaslt {

// The workspace serves one stream at a time: products of two streams must not overlap.
class Library {
 public:
  // Made by the first instance on the current device, gone with the last.
  static std::shared_ptr<Library> get(int device);
  explicit Library(int device);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Weights of equal shape are what a search rotates through: as cold in L2 as in the model's run.
  void add_weight(const Problem& shape, const void* w);
  void remove_weight(const Problem& shape, const void* w);

  // The algorithm for this product. The first product of a bucket of m is timed with every
  // algorithm that the library proposes unless the stream is capturing: y is then written many
  // times, the last time by the one returned, and the host waits for it.
  cublasLtMatmulAlgo_t choose(const Matmul& matmul, const Problem& p, const void* x, const void* w,
                              void* y, cudaStream_t stream, bool capturing);
  // A kernel of the plugin's own for the same product.
  struct Rival {
    std::function<void()> before;           // enqueues what stands before a product in a model
    const void* x;                          // written by it: what the products read
    std::function<void(const void*)> with;  // enqueues the product with a weight of this shape
  };
  // Whether the rival is faster than choose()'s algorithm, as far as that is known; and to find
  // out, once a bucket of m, outside a capture: timed in turns. y is written as by choose().
  std::optional<bool> known_beaten(const Problem& p);
  bool time_rival(const Matmul& matmul, const Problem& p, const Rival& rival, const void* w,
                  void* y, cudaStream_t stream);
  void run(const Matmul& matmul, const cublasLtMatmulAlgo_t& algo, const void* x, const void* w,
           void* y, cudaStream_t stream) const;

  static constexpr size_t kWorkspace = size_t(64) << 20;

 private:
  struct Before {
    static auto all(const Problem& p) {
      return std::tie(p.m, p.n, p.k, p.ldx, p.ldw, p.ldy, p.in, p.out, p.bias, p.align_x, p.align_w,
                      p.align_y);
    }
    bool operator()(const Problem& a, const Problem& b) const { return all(a) < all(b); }
  };
  using Shape = std::tuple<int64_t, int64_t, int64_t, int>;  // n, k, ldw, dtype
  static Shape shape_of(const Problem& p) { return {p.n, p.k, p.ldw, int(p.in)}; }
  cublasLtMatmulAlgo_t choose_locked(const Matmul& matmul, const Problem& p, const void* x,
                                     const void* w, void* y, cudaStream_t stream, bool capturing);
  std::vector<const void*> rotation(const Problem& p, const void* w);
  std::optional<cublasLtMatmulAlgo_t> search(const Matmul& matmul, const Problem& p, const void* x,
                                             const void* w, void* y, cudaStream_t stream);

  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::mutex mutex_;
  std::map<Shape, std::multiset<const void*>> weights_;
  std::map<Problem, cublasLtMatmulAlgo_t, Before> chosen_;  // by exact problem
  std::map<Problem, bool, Before> beaten_;
  std::unique_ptr<SearchCache> cache_;  // by bucket
};

}  // namespace fk::cublaslt
