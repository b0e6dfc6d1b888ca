// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "fk/abi.h"

namespace fk::core {

// The host's CPU workers, offered to plugins as "fk.threads/1". Workers spin briefly, then sleep: a
// decode step has hundreds of parallel regions and a futex wake-up each would cost more than the
// work.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // 0: one a core this process may run on
  ~ThreadPool();
  const fk_threads* service() const;
  int count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Models of one process share workers: two pools would fight for the same cores. Lives as long as
// somebody holds it.
std::shared_ptr<ThreadPool> shared_pool(int threads);

}  // namespace fk::core
