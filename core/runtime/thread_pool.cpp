// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/thread_pool.hpp"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace fk::core {
namespace {

constexpr auto kSpin =
    std::chrono::microseconds(60);  // longer than the gap between two kernels of a step

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr,
          0);
}
void futex_wake_all(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr,
          nullptr, 0);
}

// Spins for a while; true as soon as `done` says so.
template <class F>
bool spin_until(const F& done) {
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() - start < kSpin);
  return done();
}

// Cores this process may run on: the affinity mask, and the quota of its cgroup where there is one.
int usable_cores() {
  cpu_set_t set;
  int cores = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = std::max(1, CPU_COUNT(&set));
  if (std::FILE* f = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    long long quota = 0, period = 0;
    if (std::fscanf(f, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
      cores = std::min<int>(cores, std::max<int>(1, int((quota + period - 1) / period)));
    std::fclose(f);
  }
  return cores;
}

// The range of `part` of `parts`: sizes differ by at most one.
int64_t bound(int64_t n, int64_t part, int64_t parts) {
  return n / parts * part + std::min(part, n % parts);
}

using Body = void (*)(void*, int64_t, int64_t, int32_t);
thread_local int tls_thread = -1;  // index inside the region this thread is running; -1 outside

}  // namespace

// A region is cut into `count` parts whatever happens; part i is thread i's, but whoever comes
// first computes it: a worker that the OS does not run costs its share of the work, not a wait.
// `thread` is the part's number, so that what a body keeps per thread belongs to the part.
struct ThreadPool::Impl {
  struct alignas(64) Part {
    std::atomic<uint32_t> claimed{0};  // the last region in which somebody took it
  };
  fk_threads service{};
  std::vector<std::thread> workers;
  std::vector<Part> parts;
  alignas(64) std::atomic<uint32_t> epoch{0};     // the region's number; workers wait for the next
  alignas(64) std::atomic<uint32_t> pending{0};   // parts of it that are not finished
  alignas(64) std::atomic<bool> sleepers{false};  // a worker is in futex_wait, or about to be
  std::atomic<bool> caller_sleeps{false}, stop{false}, busy{false};
  int64_t n = 0;  // the region: written before epoch, and left alone until no part is pending
  Body body = nullptr;
  void* ctx = nullptr;

  // Every part of every region is claimed once, so only the first claim finds the region before.
  // One that comes late, when the region has ended or the next has begun, finds another number.
  bool claim(size_t part, uint32_t region) {
    uint32_t before = region - 1;
    return parts[part].claimed.load(std::memory_order_relaxed) == before &&
           parts[part].claimed.compare_exchange_strong(before, region, std::memory_order_acq_rel);
  }

  // Own part first: from region to region it touches the same rows, which are in this core's cache.
  void run_parts(int32_t thread, uint32_t region) {
    const auto count = int32_t(parts.size());
    for (int32_t i = 0; i < count; ++i) {
      const int32_t part = thread + i < count ? thread + i : thread + i - count;
      if (!claim(size_t(part), region)) continue;
      const int64_t begin = bound(n, part, count), end = bound(n, part + 1, count);
      if (begin < end) {
        tls_thread = part;
        body(ctx, begin, end, part);
        tls_thread = -1;
      }
      if (pending.fetch_sub(1) == 1 && caller_sleeps.load()) futex_wake_all(pending);
    }
  }

  void work(int32_t thread) {
    uint32_t seen = 0;
    while (true) {
      const auto changed = [&] { return epoch.load(std::memory_order_acquire) != seen; };
      if (!spin_until(changed)) {
        while (true) {
          sleepers.store(
              true);  // before the look at epoch, which is written before sleepers is read
          if (epoch.load() != seen) break;
          futex_wait(epoch, seen);
        }
      }
      seen = epoch.load(std::memory_order_acquire);  // some may have gone by without this worker
      if (stop.load(std::memory_order_relaxed)) return;
      run_parts(thread, seen);
    }
  }

  uint32_t start_region() {
    const uint32_t region = epoch.fetch_add(1) + 1;
    if (sleepers.load() && sleepers.exchange(false)) futex_wake_all(epoch);
    return region;
  }

  void parallel_for(int64_t count, Body f, void* c) {
    if (count <= 0) return;
    // A call from inside a body, or while another thread uses the workers, runs where it is.
    if (tls_thread >= 0) return f(c, 0, count, tls_thread);
    if (workers.empty() || count == 1 || busy.exchange(true, std::memory_order_acquire)) {
      tls_thread = 0;
      f(c, 0, count, 0);
      tls_thread = -1;
      return;
    }
    n = count;
    body = f;
    ctx = c;
    pending.store(uint32_t(parts.size()), std::memory_order_relaxed);
    run_parts(0, start_region());
    if (!spin_until([&] { return pending.load(std::memory_order_acquire) == 0; })) {
      caller_sleeps.store(true);
      for (uint32_t left; (left = pending.load()) != 0;) futex_wait(pending, left);
      caller_sleeps.store(false);
    }
    busy.store(false, std::memory_order_release);
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  const int count = threads > 0 ? threads : usable_cores();
  impl_->service = {sizeof(fk_threads), impl_.get(), count,
                    [](const fk_threads* t, int64_t n, Body body, void* ctx) {
                      static_cast<Impl*>(t->self)->parallel_for(n, body, ctx);
                    }};
  impl_->parts = std::vector<Impl::Part>(size_t(count));
  for (int i = 1; i < count; ++i) impl_->workers.emplace_back([this, i] { impl_->work(i); });
}

ThreadPool::~ThreadPool() {
  impl_->stop.store(true, std::memory_order_relaxed);
  impl_->start_region();
  for (std::thread& t : impl_->workers) t.join();
}

const fk_threads* ThreadPool::service() const { return &impl_->service; }
int ThreadPool::count() const { return impl_->service.count; }

std::shared_ptr<ThreadPool> shared_pool(int threads) {
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<ThreadPool>> pools;
  const std::lock_guard lock(mutex);
  std::shared_ptr<ThreadPool> pool = pools[threads].lock();
  if (!pool) pools[threads] = pool = std::make_shared<ThreadPool>(threads);
  return pool;
}

}  // namespace fk::core
