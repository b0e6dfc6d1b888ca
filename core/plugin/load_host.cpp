// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/load_host.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace fk::core {
namespace {

void log(const fk_host*, int32_t level, fk_str text) {
  fmt::print(stderr, "plugin[{}]: {}\n", level, to_string(text));
}
fk_status error(const fk_host*, fk_status code, fk_str text) {
  error_record() = {code, to_string(text), false};
  return code;
}
fk_status too_early(const char* what) {
  error_record() = {FK_INVALID_ARGUMENT,
                    fmt::format("{} is offered while an instance is built, not here", what), false};
  return FK_INVALID_ARGUMENT;
}

}  // namespace

// A model that is static, or another thread's last word, is destroyed after the thread's record:
// then one that nobody destroys takes its place.
ErrorRecord& error_record() {
  struct Held {
    ErrorRecord record;
    bool& alive;
    ~Held() { alive = false; }
  };
  static thread_local bool alive = true;
  static thread_local Held held{{}, alive};
  if (alive) return held.record;
  static auto& late = *new ErrorRecord;
  return late;
}

std::string to_string(fk_str s) { return s.data ? std::string(s.data, s.size) : std::string(); }

std::string_view status_name(fk_status s) {
  switch (s) {
    case FK_OK: return "FK_OK";
    case FK_INVALID_ARGUMENT: return "FK_INVALID_ARGUMENT";
    case FK_UNSUPPORTED: return "FK_UNSUPPORTED";
    case FK_OUT_OF_MEMORY: return "FK_OUT_OF_MEMORY";
    case FK_DEVICE_ERROR: return "FK_DEVICE_ERROR";
    case FK_NOT_FOUND: return "FK_NOT_FOUND";
    case FK_ABI_MISMATCH: return "FK_ABI_MISMATCH";
    case FK_INTERNAL: return "FK_INTERNAL";
    default: return "an unknown status";
  }
}

std::string take_error(fk_status s) {
  std::string text = std::move(error_record().text);
  error_record().clear();
  error_record().taken = s;
  return text.empty() ? fmt::format("returned {} without a message", status_name(s)) : text;
}

fk_status record_escape(const char* what) noexcept {
  std::string text;
  try {
    throw;
  } catch (const std::exception& e) {
    text = fmt::format("an exception escaped from {} (rule 2): {}", what, e.what());
  } catch (...) { text = fmt::format("an exception escaped from {} (rule 2)", what); }
  error_record() = {FK_INTERNAL, std::move(text), false};
  return FK_INTERNAL;
}

const fk_host* load_host() {
  static const fk_host host{
      sizeof(fk_host),
      FK_ABI_MAJOR,
      FK_ABI_MINOR,
      nullptr,
      log,
      error,
      [](const fk_host*, fk_device, size_t, void**) { return too_early("alloc"); },
      [](const fk_host*, fk_str, fk_str, uint64_t, const void*, fk_instance**) {
        return too_early("child");
      },
      [](const fk_host*, fk_str, const fk_tensor**) { return too_early("param"); },
      [](const fk_host*, fk_str, const fk_tensor**) { return too_early("state"); },
      [](const fk_host*, const fk_run*, size_t, void**) { return too_early("scratch"); },
      [](const fk_host*, fk_str) -> const void* { return nullptr; }};
  return &host;
}

}  // namespace fk::core
