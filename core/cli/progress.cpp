// SPDX-License-Identifier: Apache-2.0
#include "core/cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "core/base/dtype.hpp"

namespace fk::core {

struct Progress::Impl {
  using Clock = std::chrono::steady_clock;
  std::string what;
  Clock::time_point start = Clock::now(), shown = start;
  bool terminal = isatty(STDERR_FILENO), any = false;
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }
};

Progress::Progress(std::string what) : impl_(std::make_unique<Impl>()) {
  impl_->what = std::move(what);
}

Progress::~Progress() {
  if (!impl_->any) return;
  if (impl_->terminal)
    fmt::print(stderr, "\r{}: done in {:.1f} s\033[K\n", impl_->what, impl_->seconds());
  else
    fmt::print(stderr, "{}: done in {:.1f} s\n", impl_->what, impl_->seconds());
}

void Progress::update(double done) {
  auto now = Impl::Clock::now();
  if (now - impl_->shown < std::chrono::milliseconds(impl_->any ? 100 : 500)) return;
  impl_->shown = now;
  if (impl_->terminal)
    fmt::print(stderr, "\r{}: {:.0f} %\033[K", impl_->what, done * 100);
  else if (!impl_->any)
    fmt::print(stderr, "{} ...\n", impl_->what);
  impl_->any = true;
  std::fflush(stderr);
}

void StatusLine::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

void StatusLine::operator()(const std::string& text) {
  if (!isatty(STDERR_FILENO)) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kApart) return;
    last_ = now;
    fmt::print(stderr, "{} ...\n", text);
    return;
  }
  shown_ = true;
  fmt::print(stderr, "\r\x1b[K{}", text.substr(0, 110));
  std::fflush(stderr);
}

namespace {

class CountingStore : public WeightStore {
 public:
  CountingStore(std::unique_ptr<WeightStore> s, std::string what, size_t total)
      : store_(std::move(s)), what_(std::move(what)), total_(total) {}
  const fk_tensor* get(const ParamRequest& r) override {
    begin();
    const fk_tensor* t = store_->get(r);
    count(r);
    return t;
  }
  std::vector<std::span<const uint8_t>> runs(const ParamRequest& r) override {
    begin();
    auto all = store_->runs(r);
    if (!all.empty()) count(r);
    return all;
  }
  std::vector<std::string> unused() const override { return store_->unused(); }
  size_t bytes() const override { return store_->bytes(); }

 private:
  // What comes between opening a file and reading it is not loading.
  void begin() {
    if (!progress_ && done_ == 0) progress_ = std::make_unique<Progress>(what_);
  }
  void count(const ParamRequest& r) {
    size_t n = dtype_bytes(r.dtype);
    for (int64_t d : r.shape) n *= size_t(d);
    done_ += n;
    if (progress_) progress_->update(total_ ? double(done_) / double(total_) : 0);
    if (done_ >= total_) progress_.reset();
  }
  std::unique_ptr<WeightStore> store_;
  const std::string what_;
  std::unique_ptr<Progress> progress_;
  size_t total_, done_ = 0;
};

}  // namespace

std::shared_ptr<WeightStore> with_progress(std::unique_ptr<WeightStore> s, std::string what,
                                           size_t total) {
  return std::make_shared<CountingStore>(std::move(s), std::move(what), total);
}

}  // namespace fk::core
