// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "core/base/error.hpp"
#include "core/judge/plugin_file.hpp"
#include "core/judge/sandbox/layer.hpp"
#include "core/judge/wire/channel.hpp"

namespace fk::judge {

// Why a Runner is no more, or is not to be listened to any more. code: "timeout", "crashed",
// "exited", "protocol", "threads", "device" (its context is broken).
class RunnerFailure : public core::Error {
 public:
  RunnerFailure(std::string code, const std::string& text)
      : Error(core::Code::kCheckFailed, text), code_(std::move(code)) {}
  const std::string& failure() const { return code_; }

 private:
  std::string code_;
};

struct RunnerOptions {
  std::filesystem::path program, registry;
  std::filesystem::path order;  // of the baselines below what is judged; empty: as they come
  fk_device device{FK_CPU, 0};
  int threads = 2;
  std::vector<int> cores;                  // of the machine, that it may run on; empty: all of ours
  size_t address_space = size_t{8} << 30;  // of the Runner, its shared memory included; 0: any
  bool namespaces = true, landlock = true, seccomp = true;  // for tests of what each one keeps
};

// One implementation as the Runner read it out of a plugin. What a plugin says about itself; no
// verdict hangs on it.
struct Offered {
  std::string task, id, version, hash;
  bool composite = false;
};

// The Judge's end of a Runner. Killed with everything that it started when this object ends.
class RunnerProcess {
 public:
  // Starts it and opens the plugin in it. Throws RunnerFailure, or Error with the reason why the
  // plugin cannot be taken.
  RunnerProcess(const RunnerOptions&, const PluginFile& plugin,
                const std::vector<PluginFile>& companions, double seconds);
  // The same for several, which open theirs at the same time.
  struct Asked {
    const PluginFile& plugin;
    std::vector<PluginFile> companions;
  };
  static std::vector<std::unique_ptr<RunnerProcess>> open(const RunnerOptions&,
                                                          const std::vector<Asked>&,
                                                          double seconds);
  ~RunnerProcess();
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  // The answer, which may hold "error" or "unsupported". Throws RunnerFailure; the process is dead
  // after it.
  Json request(Json, double seconds, const std::vector<int>& descriptors = {});
  const std::vector<Offered>& offered() const { return offered_; }
  const SandboxLayers& layers() const { return layers_; }
  int pid() const { return pid_; }
  fk_device device() const { return device_; }
  // All its threads stand still, whatever they do; and go on. For the time that another is
  // measured.
  void freeze() const;
  void thaw() const;
  void stop() noexcept;

 private:
  // Starting is a step, and each of the others waits for an answer and sends the next word.
  RunnerProcess(const RunnerOptions&, const Asked&, double seconds);
  void greeted();
  void opened();
  void post(Json, double seconds, const std::vector<int>& descriptors = {});
  Json take();
  [[noreturn]] void fail(const std::string& code, const std::string& text);
  void add_layers(const Json&);
  void check_threads();
  size_t count_threads() const;

  struct Opening {
    Json load;  // the message
    std::string name, hash;
    double seconds;
  };
  struct Pending {
    int id;
    std::string op;
    double seconds;
    Clock::time_point deadline;
    bool sent;
  };
  fk_device device_;
  std::optional<Opening> opening_;
  std::optional<Pending> pending_;
  int pid_ = -1, next_id_ = 0;
  size_t threads_ = 0;  // before the plugin was opened
  std::optional<Channel> channel_;
  SandboxLayers layers_;
  std::vector<Offered> offered_;
};

}  // namespace fk::judge
