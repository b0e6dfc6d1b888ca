// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace fk::judge {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// Messages between the two processes: JSON with its length in front, and descriptors beside it.
// Nothing that arrives is believed: a message that is too long or no JSON is malformed, and
// everything ends by a deadline.
class Channel {
 public:
  enum class Got { kMessage, kLate, kClosed, kMalformed };
  static constexpr size_t kLongest = 64u << 20;  // what a Runner takes; the Judge takes less

  explicit Channel(int descriptor) : descriptor_(descriptor) {}
  ~Channel();
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) = delete;

  // False when the other side is gone or does not read before the deadline.
  bool send(const Json&, Clock::time_point deadline, const std::vector<int>& descriptors = {});
  Got receive(Json& out, Clock::time_point deadline, size_t longest,
              std::vector<int>* descriptors = nullptr);
  // Whether something lies there unread.
  bool has_more() const;
  int descriptor() const { return descriptor_; }

 private:
  Got read_bytes(void* to, size_t size, Clock::time_point deadline, std::vector<int>* descriptors);
  int descriptor_;
};

}  // namespace fk::judge
