// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/judge/sandbox/layer.hpp"
#include "core/judge/wire/placement.hpp"
#include "core/judge/wire/region.hpp"
#include "core/runtime/model.hpp"
#include "core/runtime/thread_pool.hpp"

namespace fk::judge {

// What a Runner can be asked for, in this order:
//   hello  reads the registry, starts its threads, locks itself in; gives the sandbox's layers
//   load   opens the plugin (and those that its composites are made of); gives what is in them
//   build  makes one implementation of one case, with weights out of a shared region
//   place  maps the memory of the case's calls
//   run    makes calls; gives when it began and ended
// Throws core::Error for what fails: kMissing is "not supported", the rest are errors.
class Session {
 public:
  explicit Session(std::string steps);
  ~Session();
  Json serve(const Json& request, const std::vector<int>& descriptors);

 private:
  struct Slot;
  Json hello(const Json&);
  Json load(const Json&);
  Json build(const Json&, const std::vector<int>&);
  Json place(const Json&, const std::vector<int>&);
  Json run(const Json&);
  Slot make_slot(const Json& call, size_t slot) const;

  std::string steps_;  // what the parent could do before exec
  std::unique_ptr<core::Registry> registry_;
  std::unique_ptr<core::Catalog> catalog_;
  std::shared_ptr<core::ThreadPool> pool_;
  Region weights_, states_, inputs_, outputs_;
  std::unique_ptr<core::Model> model_;
  std::vector<std::vector<Slot>> calls_;  // [call][slot]
  int threads_ = 1;
};

}  // namespace fk::judge
