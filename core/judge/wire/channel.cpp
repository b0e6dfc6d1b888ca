// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fk::judge {
namespace {

constexpr size_t kMostDescriptors = 8;

// True when `events` came before the deadline.
bool wait_for(int descriptor, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return false;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd p{descriptor, events, 0};
    const int n = poll(&p, 1, int(std::min<int64_t>(ms, 1 << 30)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

union Control {
  char bytes[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
  cmsghdr align;
};

void keep_descriptors(msghdr& head, std::vector<int>* out) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int d = -1;
      std::memcpy(&d, CMSG_DATA(c) + i * sizeof(int), sizeof d);
      if (out)
        out->push_back(d);
      else
        close(d);
    }
  }
}

}  // namespace

Channel::~Channel() {
  if (descriptor_ >= 0) close(descriptor_);
}
Channel::Channel(Channel&& o) noexcept : descriptor_(std::exchange(o.descriptor_, -1)) {}

bool Channel::send(const Json& json, Clock::time_point deadline,
                   const std::vector<int>& descriptors) {
  const std::string body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto size = uint32_t(body.size());
  std::string all(sizeof size, '\0');
  std::memcpy(all.data(), &size, sizeof size);
  all += body;
  Control control{};
  for (size_t done = 0; done < all.size();) {
    iovec part{all.data() + done, all.size() - done};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (done == 0 && !descriptors.empty()) {
      head.msg_control = control.bytes;
      head.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
      cmsghdr* c = CMSG_FIRSTHDR(&head);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
      std::memcpy(CMSG_DATA(c), descriptors.data(), sizeof(int) * descriptors.size());
    }
    const ssize_t n = sendmsg(descriptor_, &head, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      done += size_t(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(descriptor_, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

Channel::Got Channel::read_bytes(void* to, size_t size, Clock::time_point deadline,
                                 std::vector<int>* descriptors) {
  for (size_t done = 0; done < size;) {
    iovec part{static_cast<char*>(to) + done, size - done};
    Control control{};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.bytes;
    head.msg_controllen = sizeof control.bytes;
    const ssize_t n = recvmsg(descriptor_, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n == 0) return Got::kClosed;
    if (n > 0) {
      keep_descriptors(head, descriptors);
      done += size_t(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(descriptor_, POLLIN, deadline)) return Got::kLate;
    } else if (errno != EINTR) {
      return Got::kClosed;
    }
  }
  return Got::kMessage;
}

Channel::Got Channel::receive(Json& out, Clock::time_point deadline, size_t longest,
                              std::vector<int>* descriptors) {
  uint32_t size = 0;
  if (const Got g = read_bytes(&size, sizeof size, deadline, descriptors); g != Got::kMessage)
    return g;
  if (size > longest) return Got::kMalformed;
  std::string body(size, '\0');
  if (const Got g = read_bytes(body.data(), size, deadline, descriptors); g != Got::kMessage)
    return g;
  out = Json::parse(body, nullptr, false);
  return out.is_object() ? Got::kMessage : Got::kMalformed;
}

bool Channel::has_more() const {
  pollfd p{descriptor_, POLLIN, 0};
  char byte;
  return poll(&p, 1, 0) > 0 && recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

}  // namespace fk::judge
