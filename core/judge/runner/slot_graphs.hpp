// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/device/device.hpp"
#include "core/judge/wire/channel.hpp"

namespace fk::judge {

// Calls recorded in CUDA graphs by the Runner, to be launched without their plugin's host code, one
// for every (call, slot). Throws core::Error for what the host itself cannot do.
class SlotGraphs {
 public:
  struct Content {
    int kernels = 0, copies = 0, host_nodes = 0, other = 0;
    std::string refused;  // why it cannot be captured; then there is no graph
  };
  struct Stretch {
    size_t offset, step, bytes;
  };
  // What is done before a timed call: `poison` is overwritten, caches are emptied. Where something
  // is fed, a kernel right before the call reads kLeadBytes of cold memory and then writes that; it
  // is poison until then. The call may begin while that kernel still runs, as behind every kernel
  // of a model, and must wait for it before it reads what it feeds.
  struct Before {
    struct Fed {
      const void* from;
      void* to;
      size_t bytes;
    };
    std::vector<std::pair<void*, size_t>> poison;
    std::vector<Fed> fed;
  };
  static constexpr size_t kLeadBytes = size_t{16} << 20;
  struct Times {
    std::vector<double> pairs;  // seconds between the events of every launch, in order
    double span = 0;            // from before the first to behind the last
    double mhz = 0;             // of the multiprocessors, right behind the last
  };

  // Makes what is made but once (events, the buffer that empties the cache) and warms up what the
  // driver would otherwise start threads for later.
  static std::unique_ptr<SlotGraphs> make(core::Device&);
  virtual ~SlotGraphs() = default;
  virtual void clear() = 0;
  // Records what `forward` enqueues, in global mode: whatever could make the device wait refuses.
  virtual Content capture(size_t call, size_t slot, const std::function<void()>& forward) = 0;
  virtual void replay(size_t call, size_t slot) = 0;
  // Records call 0 of the slot to be timed: [poison][write and read twice the L2][event][the kernel
  // before, if anything is fed, and the call][event]. A host function in it is not timed. Throws
  // where part of the call would not come after the kernel before.
  virtual Content arm(size_t slot, const Before&, const std::function<void()>& forward) = 0;
  virtual Times time(const std::vector<size_t>& slots) = 0;
  // The same in two steps: everything is launched, which takes the host its time, and none of it
  // begins before finish(). A stream that stands still takes only so many.
  static constexpr size_t kMostHeld = 64;
  virtual void hold(const std::vector<size_t>& slots) = 0;
  virtual Times finish() = 0;
  // l2_bytes; event_pair_seconds of an empty pair; copy_bytes_per_second, read and written. Once
  // slots are armed that are fed: lead_seconds, what the kernel before slot 0's call takes alone.
  virtual Json facts() = 0;
  virtual std::string broken() const = 0;
};

}  // namespace fk::judge
