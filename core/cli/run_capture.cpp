// SPDX-License-Identifier: Apache-2.0
#include "core/cli/bench_model.hpp"
#include "core/cli/run_flags.hpp"
#include "core/record/machine.hpp"
#include "core/runtime/capture_file.hpp"
#include "core/store/store.hpp"

namespace fk::core {

void finish_capture(const RunFlags& f, const Session& s) {
  if (f.capture.empty()) return;
  const std::string revision = record::harness_revision(s.workspace.paths().root);
  const CaptureFile file{f.model.config,
                         s.assets.config.model,
                         device_text(s.build.device),
                         store::now_utc(),
                         revision.empty() ? "unknown" : revision,
                         s.build.layers.capture->calls()};
  write_capture(f.capture, file);
  int64_t calls = 0;
  double seconds = 0;
  std::set<std::string> tasks;
  for (const CapturedCall& c : file.calls) {
    calls += c.calls;
    seconds += c.self_seconds;
    tasks.insert(c.task);
  }
  fmt::print(stderr,
             "captured: {}/capture.json: {} calls of {} tasks, {} different ones, {:.3f} s\n",
             f.capture, calls, tasks.size(), file.calls.size(), seconds);
}

}  // namespace fk::core
