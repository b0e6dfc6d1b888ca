// SPDX-License-Identifier: Apache-2.0
// fk-runner: started by the Judge, never by people. It speaks over descriptor 3 and believes what
// comes from there; nothing that it sends is believed.
#include <unistd.h>

#include <cstring>

#include "core/base/error.hpp"
#include "core/base/sanitized.hpp"
#include "core/judge/runner/session.hpp"

#if FK_SANITIZED
// What a plugin dies of reaches the Judge as it is, and not as the sanitizer's exit code.
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0";
}
#endif

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
    if (const std::string why = session.broken(); !why.empty()) reply["broken"] = why;
    for (int d : descriptors) close(d);
    reply["id"] = request.value("id", -1);
    if (!channel.send(reply, Clock::now() + std::chrono::seconds(10))) _exit(0);
  }
}
