// SPDX-License-Identifier: Apache-2.0
// fk/plugin.hpp -- what a plugin author includes. Header-only C++20 over abi.h; links nothing.
#pragma once
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <mutex>
#include <new>
#include <span>
#include <string_view>

#include "abi.h"

constexpr bool operator==(fk_dtype a, fk_dtype b) {  // global, where lookup by argument finds it
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

namespace fk {

constexpr fk_str str(std::string_view s) { return {s.data(), s.size()}; }
constexpr std::string_view view(fk_str s) { return {s.data, s.size}; }

// Thrown inside a plugin only; the trampolines of Impl turn it into a status and a message.
struct Error : std::exception {
  fk_status code;
  char text[512];
  __attribute__((format(printf, 3, 4))) Error(fk_status c, const char* format, ...) : code(c) {
    va_list list;
    va_start(list, format);
    std::vsnprintf(text, sizeof text, format, list);
    va_end(list);
  }
  const char* what() const noexcept override { return text; }
};

#define FK_REQUIRE(ok, ...)                                         \
  do {                                                              \
    if (!(ok)) throw ::fk::Error(FK_INVALID_ARGUMENT, __VA_ARGS__); \
  } while (0)
#define FK_SUPPORT(ok, ...)                                    \
  do {                                                         \
    if (!(ok)) throw ::fk::Error(FK_UNSUPPORTED, __VA_ARGS__); \
  } while (0)

// The first line of every CPU implementation's supports().
inline void support_cpu(fk_device device) { FK_SUPPORT(device.type == FK_CPU, "needs the CPU"); }

inline constexpr fk_dtype kFloat32{FK_FLOAT, 32, 1}, kFloat64{FK_FLOAT, 64, 1},
    kFloat16{FK_FLOAT, 16, 1}, kBFloat16{FK_BFLOAT, 16, 1}, kInt8{FK_INT, 8, 1},
    kInt32{FK_INT, 32, 1}, kInt64{FK_INT, 64, 1}, kUInt8{FK_UINT, 8, 1}, kBool{FK_BOOL, 8, 1};
constexpr size_t size_of(fk_dtype t) { return size_t(t.bits) * t.lanes / 8; }  // 0 below a byte

// A view of a tensor that the host owns. Valid as long as the fk_tensor it was made from.
class Tensor {
 public:
  Tensor() = default;
  Tensor(const fk_tensor& t) : t_(&t) {}
  Tensor(const fk_tensor* t) : t_(t) {}
  explicit operator bool() const { return t_ != nullptr; }
  const fk_tensor* get() const { return t_; }
  const fk_tensor* operator->() const { return t_; }
  int dim() const { return t_->ndim; }
  int64_t size(int i) const { return t_->shape[i < 0 ? i + t_->ndim : i]; }
  int64_t stride(int i) const { return t_->strides[i < 0 ? i + t_->ndim : i]; }
  int64_t rows() const {  // product of all dimensions but the last
    int64_t n = 1;
    for (int i = 0; i + 1 < t_->ndim; ++i) n *= t_->shape[i];
    return n;
  }
  int64_t numel() const { return rows() * (t_->ndim ? size(-1) : 1); }
  fk_dtype dtype() const { return t_->dtype; }
  template <class T>
  T* data() const {
    return static_cast<T*>(t_->data);
  }

 private:
  const fk_tensor* t_ = nullptr;
};

// A tensor header made by a composite: storage for shape and strides beside the fk_tensor itself.
// Not copied or moved once its address is taken (args hold pointers to it), so it does neither.
class TensorView {
 public:
  static constexpr int kMaxDim = 6;
  TensorView(void* data, fk_device device, fk_dtype dtype, std::initializer_list<int64_t> shape) {
    if (shape.size() > kMaxDim)
      throw Error(FK_INVALID_ARGUMENT, "a tensor of %zu dimensions, expected at most %d",
                  shape.size(), kMaxDim);
    t_ = {data, device, int32_t(shape.size()), dtype, shape_, strides_, 0};
    std::copy(shape.begin(), shape.end(), shape_);
    int64_t step = 1;
    for (int i = t_.ndim - 1; i >= 0; --i) {
      strides_[i] = step;
      step *= shape_[i];
    }
  }
  // With strides in elements, for slices: columns of a wider matrix, rows seen as heads.
  TensorView(void* data, fk_device device, fk_dtype dtype, std::initializer_list<int64_t> shape,
             std::initializer_list<int64_t> strides)
      : TensorView(data, device, dtype, shape) {
    if (strides.size() != shape.size())
      throw Error(FK_INVALID_ARGUMENT, "%zu strides for %zu dimensions", strides.size(),
                  shape.size());
    std::copy(strides.begin(), strides.end(), strides_);
  }
  TensorView(const TensorView&) = delete;
  TensorView& operator=(const TensorView&) = delete;
  operator const fk_tensor*() const { return &t_; }
  const fk_tensor* operator->() const { return &t_; }
  template <class T>
  T* data() const {
    return static_cast<T*>(t_.data);
  }

 private:
  fk_tensor t_;
  int64_t shape_[kMaxDim], strides_[kMaxDim];
};

// What a forward call may use.
struct Run {
  const fk_host& host;
  const fk_run& raw;
  void* scratch_bytes(
      size_t bytes) const {  // 256-byte aligned, gone when the current forward returns
    void* p = nullptr;
    if (fk_status s = host.scratch(&host, &raw, bytes, &p)) throw s;
    return p;
  }
  template <class T>
  T* scratch(int64_t count) const {
    return static_cast<T*>(scratch_bytes(size_t(count) * sizeof(T)));
  }
  // A contiguous tensor in scratch memory.
  TensorView tensor(fk_dtype dtype, std::initializer_list<int64_t> shape) const {
    size_t bits = size_t(dtype.bits) * dtype.lanes;
    for (int64_t d : shape) bits *= size_t(d);
    return {scratch_bytes((bits + 7) / 8), raw.device, dtype, shape};
  }
  // The step struct; the task's `step:` says which one.
  template <class Step>
  const Step& step() const {
    if (!raw.step)
      throw Error(FK_INVALID_ARGUMENT, "this task needs a step struct and run->step is NULL");
    return *static_cast<const Step*>(raw.step);
  }
};

// CPU worker threads of the host; a plain loop when the host has none.
class Threads {
 public:
  explicit Threads(const fk_host& h)
      : t_(static_cast<const fk_threads*>(h.service ? h.service(&h, str(FK_THREADS_SERVICE))
                                                    : nullptr)) {}
  int count() const { return t_ ? t_->count : 1; }
  // body(begin, end, thread), concurrently over disjoint ranges of [0, n). What body throws is
  // thrown here, after all ranges are done: nothing may unwind through the host's worker.
  template <class F>
  void parallel_for(int64_t n, const F& body) const {
    if (n <= 0) return;
    if (!t_ || t_->count == 1) return body(int64_t{0}, n, 0);
    Call<F> call{body, {}, nullptr};
    t_->parallel_for(t_, n, &Call<F>::run, &call);
    if (call.error) std::rethrow_exception(call.error);
  }

 private:
  template <class F>
  struct Call {
    const F& body;
    std::mutex mutex;
    std::exception_ptr error;  // the first one
    static void run(void* self, int64_t begin, int64_t end, int32_t thread) {
      Call& c = *static_cast<Call*>(self);
      try {
        c.body(begin, end, int(thread));
      } catch (...) {
        std::lock_guard lock(c.mutex);
        if (!c.error) c.error = std::current_exception();
      }
    }
  };
  const fk_threads* t_;
};

// Everything a task may ask of the host while it is being built.
class Builder {
 public:
  Builder(const fk_host& h, const fk_run& r) : host(h), run(r) {}
  // Refuses a host that is older than what the implementation uses of it.
  void need_minor(uint32_t minor) const {
    FK_SUPPORT(host.abi_minor >= minor, "needs a host of ABI %u.%u, this one has %u.%u",
               unsigned(FK_ABI_MAJOR), minor, host.abi_major, host.abi_minor);
  }
  bool dry() const { return run.flags & FK_RUN_DRY; }  // no device: do not read weights' data
  fk_device device() const { return run.device; }
  // Of the run; no lanes where the host is older than the field.
  fk_dtype dtype() const { return FK_HAS(&run, dtype) ? run.dtype : fk_dtype{}; }
  Tensor param(std::string_view name) {
    const fk_tensor* t = nullptr;
    check(host.param(&host, str(name), &t));
    return t;
  }
  Tensor state(std::string_view name) {
    const fk_tensor* t = nullptr;
    check(host.state(&host, str(name), &t));
    return t;
  }
  // Memory on the device that lives as long as the instance; NULL data in a dry build.
  template <class T>
  T* alloc(int64_t count) {
    void* p = nullptr;
    check(host.alloc(&host, run.device, size_t(count) * sizeof(T), &p));
    return static_cast<T*>(p);
  }
  template <class Task>
  class Child {
   public:
    void operator()(const fk_run& run, const typename Task::Args& args) const {
      if (fk_status s = p_->forward(p_, &run, &args))
        throw s;  // the host already holds the message
    }
    void operator()(const Run& run, const typename Task::Args& args) const {
      (*this)(run.raw, args);
    }
    explicit operator bool() const { return p_ != nullptr; }
    fk_instance* get() const { return p_; }
    // What it was made with: a fused implementation reads here what a borrowed instance computes.
    // Call need_minor(1) first: an older host does not have it.
    const typename Task::Init& init() const {
      if (!p_->init) throw Error(FK_UNSUPPORTED, "the init of this instance is not known");
      return *static_cast<const typename Task::Init*>(p_->init);
    }
    static Child borrow(fk_instance* p) {
      Child c;
      c.p_ = p;
      return c;
    }  // an init field of type `instance`

   private:
    friend Builder;
    fk_instance* p_ = nullptr;
  };
  // `slot` names the child in its parent and extends the weight path; "" keeps the parent's path.
  template <class Task>
  Child<Task> child(std::string_view slot, const typename Task::Init& init) {
    Child<Task> c;
    check(host.child(&host, str(slot), str(Task::name), Task::signature, &init, &c.p_));
    return c;
  }
  const fk_host& host;
  const fk_run& run;

 private:
  static void check(fk_status s) {
    if (s) throw s;
  }
};
template <class Task>
using Child = Builder::Child<Task>;

template <class T>
concept HasOnStep = requires(T& t, const Run& r) {
  t.on_step(r);
};

// Adapts a class with `T(Builder&, const Init&)`, `void forward(const Run&, const Args&)`, and
// optionally `static void supports(fk_device, int32_t sm, const Init&)` (throws, FK_SUPPORT) and
// `void on_step(const Run&)`.
template <class Task, class T>
struct Impl {
  using Init = typename Task::Init;
  struct Held {
    const fk_host* host;
    T object;
    Held(const fk_host* h, Builder& b, const Init& init) : host(h), object(b, init) {}
  };
  template <class F>
  static fk_status guard(const fk_host* h, F&& body) noexcept {
    try {
      body();
      return FK_OK;
    } catch (fk_status s) { return s; } catch (const Error& e) {
      return h->error(h, e.code, str(e.what()));
    } catch (const std::bad_alloc&) {
      return h->error(h, FK_OUT_OF_MEMORY, str("out of memory"));
    } catch (const std::exception& e) {
      return h->error(h, FK_INTERNAL, str(e.what()));
    } catch (...) { return h->error(h, FK_INTERNAL, str("unknown exception")); }
  }
  static fk_status supports(const fk_host* h, fk_device d, int32_t sm, const void* init) {
    return guard(h, [&] {
      if constexpr (requires { T::supports(d, sm, *static_cast<const Init*>(init)); })
        T::supports(d, sm, *static_cast<const Init*>(init));
      else
        (void)d, (void)sm, (void)init;
    });
  }
  static fk_status create(const fk_host* h, const fk_run* r, const void* init, void** out) {
    return guard(h, [&] {
      Builder b(*h, *r);
      *out = new Held(h, b, *static_cast<const Init*>(init));
    });
  }
  static void destroy(void* p) {
    const fk_host* h =
        static_cast<Held*>(p)->host;  // outlives the state; hears of a destructor that throws
    guard(h, [&] { delete static_cast<Held*>(p); });
  }
  static fk_status forward(void* p, const fk_host* h, const fk_run* r, const void* args) {
    return guard(h, [&] {
      static_cast<Held*>(p)->object.forward(Run{*h, *r},
                                            *static_cast<const typename Task::Args*>(args));
    });
  }
  static fk_status on_step(void* p, const fk_host* h, const fk_run* r) {
    return guard(h, [&] {
      if constexpr (HasOnStep<T>) static_cast<Held*>(p)->object.on_step(Run{*h, *r});
    });
  }
  static constexpr fk_impl describe(std::string_view name, std::string_view version,
                                    uint32_t flags) {
    // A member of that name and another signature would be left out without a word.
    static_assert(
        !requires { &T::supports; } ||
            requires(fk_device d, int32_t sm, const Init& i) { T::supports(d, sm, i); },
        "expected: static void supports(fk_device, int32_t sm, const Init&)");
    static_assert(
        !requires { &T::on_step; } || HasOnStep<T>, "expected: void on_step(const fk::Run&)");
    fk_impl impl{sizeof(fk_impl), str(Task::name), str(name), str(version),
                 Task::signature, str(Task::text), flags,     supports,
                 create,          destroy,         forward,   nullptr};
    if constexpr (HasOnStep<T>) impl.on_step = on_step;
    return impl;
  }
};

}  // namespace fk

// FK_IMPL(fk::RmsNorm, "warp", "1.0.0", FK_IMPL_GRAPH_SAFE, WarpRmsNorm)
// One line in the file that implements it: no table to edit, no static constructor to run.
#define FK_CAT_(a, b) a##b
#define FK_CAT(a, b) FK_CAT_(a, b)
#define FK_IMPL(TASK, NAME, VERSION, FLAGS, ...)                                            \
  static constexpr fk_impl FK_CAT(fk_impl_, __LINE__) =                                     \
      ::fk::Impl<TASK, __VA_ARGS__>::describe(NAME, VERSION, FLAGS);                        \
  [[maybe_unused, gnu::section("fk_impls"), gnu::used]] static const fk_impl* const FK_CAT( \
      fk_impl_at_, __LINE__) = &FK_CAT(fk_impl_, __LINE__);

// Once per plugin; fk_add_plugin() generates the file that holds it.
#define FK_PLUGIN(NAME, VERSION, BUILD)                                                 \
  extern "C" {                                                                          \
  extern const fk_impl* const __start_fk_impls[] __attribute__((visibility("hidden"))); \
  extern const fk_impl* const __stop_fk_impls[] __attribute__((visibility("hidden")));  \
  FK_EXPORT fk_status fk_plugin_entry_v1(const fk_host*, const fk_plugin** out) {       \
    static const fk_plugin plugin{sizeof(fk_plugin),                                    \
                                  FK_ABI_MAJOR,                                         \
                                  FK_ABI_MINOR,                                         \
                                  0,                                                    \
                                  fk::str(NAME),                                        \
                                  fk::str(VERSION),                                     \
                                  fk::str(BUILD),                                       \
                                  __start_fk_impls,                                     \
                                  size_t(__stop_fk_impls - __start_fk_impls)};          \
    *out = &plugin;                                                                     \
    return FK_OK;                                                                       \
  }                                                                                     \
  }
