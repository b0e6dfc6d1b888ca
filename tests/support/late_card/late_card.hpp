// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "core/device/device.hpp"

namespace fk::test {

// Work in the order in which it was enqueued. Each piece is done as late as a card may do it: when
// the host waits for something behind it. What the host overwrites too early shows in the results.
struct LateStream {
  using Work = std::vector<std::function<void()>>;
  bool idle = false;  // nothing is ever done: what is left of a step is the host's work
  bool capturing = false;
  Work pending, recorded;
  size_t done = 0;  // of `pending`

  void enqueue(std::function<void()> f) {
    if (!idle) (capturing ? recorded : pending).push_back(std::move(f));
  }
  void run_until(size_t end) {
    for (; done < end; ++done) pending[done]();
    if (done == pending.size()) pending.clear(), done = 0, ++cleared;
  }
  int64_t cleared = 0;  // how often `pending` began anew
};

// A card that is none, for tests and benchmarks of the host's side: memory of the host, the plugin
// beside this file for kernels. Counts what would be calls of a driver.
class LateCard : public core::Device {
 public:
  struct Calls {
    int64_t uploads = 0, downloads = 0, events = 0, graphs = 0, bytes_up = 0;
    int64_t all() const { return uploads + downloads + events + graphs; }
  };
  explicit LateCard(bool idle = false) : Device({FK_CUDA, 0}, 90, "a late card") {
    late_.idle = idle;
    stream_ = &late_;
  }
  Calls calls;

  Memory memory() const override { return {size_t{1} << 30, size_t{1} << 30}; }
  void* allocate(size_t bytes) override { return cpu().allocate(bytes); }
  void release(void* p, size_t bytes) noexcept override { cpu().release(p, bytes); }
  void* allocate_host(size_t bytes) override { return cpu().allocate_host(bytes); }
  void release_host(void* p) noexcept override { cpu().release_host(p); }
  void zero(void* p, size_t bytes) override {
    if (!late_.idle) late_.enqueue([=] { std::memset(p, 0, bytes); });
  }
  void upload(void* to, const void* from, size_t n) override {
    ++calls.uploads, calls.bytes_up += int64_t(n);
    if (!late_.idle) late_.enqueue([=] { std::memcpy(to, from, n); });
  }
  void download(void* to, const void* from, size_t n) override {
    ++calls.downloads;
    if (late_.idle) return void(std::memset(to, 0, n));  // a card writes it as well
    late_.enqueue([=] { std::memcpy(to, from, n); });
  }
  void upload_rows(void* to, const void* from, size_t pitch, size_t n, size_t rows) override {
    ++calls.uploads, calls.bytes_up += int64_t(n * rows);
    if (!late_.idle) late_.enqueue([=] { cpu().upload_rows(to, from, pitch, n, rows); });
  }
  void upload_large(void* to, const void* from, size_t n) override {
    synchronize();
    std::memcpy(to, from, n);
  }
  void synchronize() override { late_.run_until(late_.pending.size()); }
  std::unique_ptr<core::Event> event() override { return std::make_unique<LateEvent>(*this); }
  bool can_capture() const override { return true; }
  void begin_capture() override { late_.capturing = true; }
  std::unique_ptr<core::Graph> end_capture() override {
    late_.capturing = false;
    return std::make_unique<LateGraph>(*this, std::exchange(late_.recorded, {}));
  }
  void abandon_capture() noexcept override { late_.capturing = false, late_.recorded.clear(); }

 private:
  class LateEvent : public core::Event {
   public:
    explicit LateEvent(LateCard& card) : card_(card) {}
    void record() override {
      ++card_.calls.events;
      at_ = card_.late_.pending.size(), cleared_ = card_.late_.cleared;
    }
    void wait() override {
      if (cleared_ == card_.late_.cleared) card_.late_.run_until(at_);
    }
    float milliseconds_since(const Event&) const override { return 0; }

   private:
    LateCard& card_;
    size_t at_ = 0;
    int64_t cleared_ = 0;
  };
  class LateGraph : public core::Graph {
   public:
    LateGraph(LateCard& card, LateStream::Work work) : card_(card), work_(std::move(work)) {}
    void launch() override {
      ++card_.calls.graphs;
      for (const auto& f : work_) card_.late_.enqueue(f);
    }

   private:
    LateCard& card_;
    LateStream::Work work_;
  };
  static core::Device& cpu() { return *core::cpu_device(); }
  LateStream late_;
};

}  // namespace fk::test
