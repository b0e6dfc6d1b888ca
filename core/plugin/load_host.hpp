// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "fk/abi.h"

namespace fk::core {

// The last error a plugin handed over on this thread. fk_host.error writes it, whoever gets the
// status takes it.
struct ErrorRecord {
  fk_status code = FK_OK;
  std::string text;
  bool located = false;     // the text already names the instance
  fk_status taken = FK_OK;  // of the error that was taken last
  void clear() { code = FK_OK, text.clear(), located = false; }
};
ErrorRecord& error_record();

std::string_view status_name(fk_status);
// The text recorded for a failed call, or "returned FK_INTERNAL without a message"; clears the
// record.
std::string take_error(fk_status);
// fk_str as text; empty for NULL data.
std::string to_string(fk_str);

// The host as a plugin sees it in its entry and in supports(): log and error work, the rest is
// refused with a text.
const fk_host* load_host();

// Runs body(), turning what escapes from a plugin against rule 2 into a status and a recorded
// message.
template <class F>
fk_status contain(const char* what, F&& body) noexcept;
fk_status record_escape(const char* what) noexcept;  // call inside catch (...)

template <class F>
fk_status contain(const char* what, F&& body) noexcept {
  try {
    return body();
  } catch (...) { return record_escape(what); }
}

}  // namespace fk::core
