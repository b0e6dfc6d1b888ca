// SPDX-License-Identifier: Apache-2.0
// fk-runner: started by the Judge, never by people. It speaks over descriptor 3 and believes what
// comes from there; nothing that it sends is believed.
#include <unistd.h>

#include <cstring>

#include "core/base/error.hpp"
#include "core/judge/runner/session.hpp"

int main(int argc, char** argv) {
  using namespace fk::judge;
  Channel channel(3);
  Session session(argc > 1 ? argv[1] : "---");
  while (true) {
    Json request, reply;
    std::vector<int> descriptors;
    const auto for_ever = Clock::now() + std::chrono::hours(24);
    if (channel.receive(request, for_ever, Channel::kLongest, &descriptors) !=
        Channel::Got::kMessage)
      _exit(0);  // the Judge is gone
    try {
      reply = session.serve(request, descriptors);
    } catch (const fk::core::Error& e) {
      reply = {{e.code() == fk::core::Code::kMissing ? "unsupported" : "error", e.text()}};
    } catch (const std::exception& e) { reply = {{"error", e.what()}}; }
    for (int d : descriptors) close(d);
    reply["id"] = request.value("id", -1);
    if (!channel.send(reply, Clock::now() + std::chrono::seconds(10))) _exit(0);
  }
}
