// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/judge/runner/slot_graphs.hpp"
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
// and on a card
//   capture  records one call of one slot in a graph; gives what is in it, or why it cannot be
//   replay   launches what was captured
//   arm      records call 0 of every slot, between events, behind a poisoned output, cold caches
//            and a kernel that writes what of the call's inputs is to be fed
//   time     launches these in the order asked for; gives what the events say
// Throws core::Error for what fails: kMissing is "not supported", the rest are errors.
class Session {
 public:
  explicit Session(std::string steps);
  ~Session();
  Json serve(const Json& request, const std::vector<int>& descriptors);
  // Why the device's context cannot be used any more, or "".
  std::string broken() const;

 private:
  struct Slot;
  Json hello(const Json&);
  Json load(const Json&);
  Json build(const Json&, const std::vector<int>&);
  Json place(const Json&, const std::vector<int>&);
  Json run(const Json&);
  Json capture(const Json&);
  using Forward = std::function<void()>;
  // What `record` makes of the call's forward().
  SlotGraphs::Content recorded(
      size_t call, size_t slot,
      const std::function<SlotGraphs::Content(const Forward& forward)>& record);
  Json replay(const Json&);
  Json arm(const Json&);
  Json time(const Json&);
  Json hold(const Json&);
  Json finish();
  void open_card(int index);
  void need_card(const char* what) const;
  Slot make_slot(const Json& call, size_t slot) const;

  std::string steps_;  // what the parent could do before exec
  std::unique_ptr<core::Registry> registry_;
  std::unique_ptr<core::Catalog> catalog_;
  std::shared_ptr<core::ThreadPool> pool_;
  std::shared_ptr<core::Device> device_;
  std::unique_ptr<SlotGraphs> graphs_;  // null on the CPU
  Region weights_, states_;
  PerPlace<Region> regions_;  // of the calls
  std::unique_ptr<core::Model> model_;
  std::vector<std::vector<Slot>> calls_;  // [call][slot]
  int threads_ = 1;
};

}  // namespace fk::judge
