// SPDX-License-Identifier: Apache-2.0
#include "core/judge/runner_process.hpp"

#include <sched.h>

#include <csignal>
#include <cstdlib>

#include "core/judge/sandbox/spawn.hpp"
#include "core/plugin/cache.hpp"

namespace fk::judge {
namespace {

namespace fs = std::filesystem;
constexpr size_t kLongestAnswer = 1 << 20;

// Nothing of the caller's environment but where libraries lie, and which card is the first: it must
// be the one whose memory the Judge shares. One thread each for libraries that would start their
// own: the host's are the only ones.
std::vector<std::string> environment() {
  std::vector<std::string> out = {"LC_ALL=C", "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1",
                                  "FK_CACHE_DIR=" + core::cache_folder().string()};
  for (const char* name : {"LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"})
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  return out;
}

// What a Runner reads: the registry, the plugin, and the libraries that plugins are linked with.
Json readable(const RunnerOptions& o, const PluginFile& plugin,
              const std::vector<PluginFile>& companions) {
  Json out = Json::array({o.registry.string(), "/lib", "/lib64", "/usr/lib", "/usr/lib64",
                          "/usr/local/lib", "/usr/local/cuda", "/etc/ld.so.cache"});
  // What a card's driver reads about the machine while it makes a context.
  if (o.device.type != FK_CPU)
    for (const char* path :
         {"/proc/driver", "/proc/devices", "/proc/modules", "/proc/cpuinfo", "/proc/meminfo",
          "/proc/version", "/proc/filesystems", "/proc/sys/vm", "/proc/self/maps",
          "/proc/self/status", "/sys/devices", "/sys/module/nvidia", "/sys/bus/pci", "/sys/class",
          "/etc/nvidia", "/usr/local/nvidia"})
      out.push_back(path);
  const auto add = [&](const PluginFile& p) { out.push_back(fs::absolute(p.copy).string()); };
  add(plugin);
  for (const PluginFile& p : companions) add(p);
  if (const char* path = std::getenv("LD_LIBRARY_PATH")) {
    std::string list = path;
    for (size_t begin = 0; begin < list.size();) {
      const size_t end = std::min(list.find(':', begin), list.size());
      if (end > begin) out.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return out;
}

// A card is reached by way of its files. Its driver gives its threads names, and without them makes
// no context.
Json device_files(fk_device d) {
  Json out = Json::array();
  if (d.type == FK_CPU) return out;
  out.push_back("/proc/self/task");
  std::error_code error;
  for (const auto& e : fs::directory_iterator("/dev", error)) {
    const std::string name = e.path().filename().string();
    if (name.starts_with("nvidia") && name != "nvidia-modeset") out.push_back(e.path().string());
  }
  return out;
}

// What a plugin says is shown to people: no control characters.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') c = '?';
  return text.substr(0, 2000);
}

// Before it starts threads, which inherit it. A kernel that refuses only makes times less steady.
void keep_on(int pid, const std::vector<int>& cores) {
  if (cores.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int c : cores) CPU_SET(size_t(c), &set);
  sched_setaffinity(pid, sizeof set, &set);
}

Clock::time_point after(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

std::vector<std::unique_ptr<RunnerProcess>> RunnerProcess::open(const RunnerOptions& o,
                                                                const std::vector<Asked>& all,
                                                                double seconds) {
  std::vector<std::unique_ptr<RunnerProcess>> out;
  try {
    for (const Asked& a : all) out.emplace_back(new RunnerProcess(o, a, seconds));
    for (const auto& runner : out) runner->greeted();
    for (const auto& runner : out) runner->opened();
  } catch (const nlohmann::json::exception&) {
    throw RunnerFailure("protocol", "its first answers are not of the form agreed on");
  }
  return out;
}

RunnerProcess::RunnerProcess(const RunnerOptions& o, const PluginFile& plugin,
                             const std::vector<PluginFile>& companions, double seconds)
    : RunnerProcess(o, {plugin, companions}, seconds) {
  // The object is whole by now: whatever is thrown stops the process.
  try {
    greeted();
    opened();
  } catch (const nlohmann::json::exception&) {
    throw RunnerFailure("protocol", "its first answers are not of the form agreed on");
  }
}

RunnerProcess::RunnerProcess(const RunnerOptions& o, const Asked& asked, double seconds)
    : device_(o.device) {
  const bool card = o.device.type != FK_CPU;
  Spawned s = spawn({fs::absolute(o.program).string(), environment(), o.namespaces, card});
  pid_ = s.pid;
  keep_on(pid_, o.cores);
  channel_.emplace(s.socket);
  layers_ = std::move(s.layers);
  try {
    Json hello = {{"op", "hello"},
                  {"registry", fs::absolute(o.registry).string()},
                  {"threads", o.threads},
                  {"cuda", card ? o.device.index : -1},
                  {"device_files", device_files(o.device)},
                  {"readable", readable(o, asked.plugin, asked.companions)},
                  // A card's addresses are as large as all memory there is.
                  {"address_space", card ? 0 : o.address_space},
                  {"seccomp", o.seccomp}};
    if (!o.landlock) hello["readable"].push_back("/");
    const std::string order = o.order.empty() ? "" : fs::absolute(o.order).string();
    if (!order.empty()) hello["readable"].push_back(order);
    Json load = {{"op", "load"},
                 {"plugin", fs::absolute(asked.plugin.copy).string()},
                 {"baseline", asked.plugin.baseline},
                 {"companions", Json::array()},
                 {"opens", asked.plugin.opens},
                 {"order", order},
                 {"seccomp", o.seccomp}};
    for (const PluginFile& p : asked.companions) {
      load["companions"].push_back(fs::absolute(p.copy).string());
      for (const std::string& library : p.opens) load["opens"].push_back(library);
    }
    opening_ = {std::move(load), asked.plugin.name, asked.plugin.hash, seconds};
    // A context may take seconds where the driver has not run yet.
    post(std::move(hello), card ? seconds + 20 : seconds);
  } catch (...) {
    stop();  // nobody destroys what was not constructed
    throw;
  }
}

void RunnerProcess::greeted() {
  const Json ready = take();
  for (const char* key : {"error", "unsupported"})
    if (ready.contains(key)) core::missing("a Runner did not start: {}", ready[key].dump());
  add_layers(ready);
  threads_ = count_threads();
  post(std::move(opening_->load), opening_->seconds);
}

void RunnerProcess::opened() {
  const Json loaded = take();
  for (const Json& i : loaded.value("implementations", Json::array()))
    offered_.push_back({i.value("task", ""), printable(i.value("id", "")),
                        printable(i.value("version", "")), i.value("hash", ""),
                        i.value("composite", false)});
  const Json refusals = loaded.value("refusals", Json::array());
  if (offered_.empty() && !refusals.empty() && refusals[0].is_string())
    core::bad_input("{}", printable(refusals[0].get<std::string>()));
  for (const Offered& o : offered_)
    if (!o.id.starts_with(opening_->name + "/"))
      core::bad_input("plugin.yaml says name \"{}\", the library holds {}", opening_->name, o.id);
  if (!offered_.empty() && offered_[0].hash != opening_->hash)
    core::bad_input("the library changed while it was opened");
  add_layers(loaded);
  opening_.reset();
}

RunnerProcess::~RunnerProcess() { stop(); }

void RunnerProcess::stop() noexcept {
  if (pid_ > 0) reap(pid_);
  pid_ = -1;
  channel_.reset();
}

void RunnerProcess::freeze() const {
  if (pid_ > 0) kill(pid_, SIGSTOP);
}
void RunnerProcess::thaw() const {
  if (pid_ > 0) kill(pid_, SIGCONT);
}

void RunnerProcess::fail(const std::string& code, const std::string& text) {
  stop();
  throw RunnerFailure(code, text);
}

void RunnerProcess::add_layers(const Json& answer) {
  for (const Json& l : answer.value("layers", Json::array()))
    layers_.push_back({l.value("name", ""), l.value("on", false), l.value("why", "")});
}

// Seen from outside, where no plugin can paint it over.
size_t RunnerProcess::count_threads() const {
  std::error_code error;
  size_t n = 0;
  for (auto at = fs::directory_iterator(fmt::format("/proc/{}/task", pid_), error);
       !error && at != fs::directory_iterator(); at.increment(error))
    ++n;
  return n;
}

void RunnerProcess::check_threads() {
  if (threads_ == 0) return;
  const size_t now = count_threads();
  if (now > threads_)
    fail("threads", fmt::format("{} threads run where the host started {}: the plugin started its "
                                "own",
                                now, threads_));
}

Json RunnerProcess::request(Json message, double seconds, const std::vector<int>& descriptors) {
  post(std::move(message), seconds, descriptors);
  return take();
}

void RunnerProcess::post(Json message, double seconds, const std::vector<int>& descriptors) {
  if (pid_ < 0) throw RunnerFailure("crashed", "the Runner is gone");
  pending_ = {next_id_++, message.value("op", ""), seconds, after(seconds), false};
  message["id"] = pending_->id;
  pending_->sent = channel_->send(message, pending_->deadline, descriptors);
}

Json RunnerProcess::take() {
  if (pid_ < 0) throw RunnerFailure("crashed", "the Runner is gone");
  const Pending asked = *std::exchange(pending_, std::nullopt);
  Json answer;
  Channel::Got got = Channel::Got::kClosed;
  if (asked.sent) got = channel_->receive(answer, asked.deadline, kLongestAnswer);
  if (got == Channel::Got::kClosed) {
    const int status = wait_briefly(pid_, 2000);
    if (status < 0) fail("protocol", fmt::format("it closed its connection during {}", asked.op));
    fail((status & 0x7f) ? "crashed" : "exited",
         fmt::format("it ended during {}: {}", asked.op, exit_text(status)));
  }
  if (got == Channel::Got::kLate)
    fail("timeout", fmt::format("no answer to {} within {:.3g} s", asked.op, asked.seconds));
  if (got == Channel::Got::kMalformed) fail("protocol", "an answer that is no message of ours");
  const Json answered = answer.value("id", Json());
  if (!answered.is_number_integer() || answered.get<int64_t>() != asked.id || channel_->has_more())
    fail("protocol", "answers that nobody asked for: the plugin writes to the Runner's connection");
  check_threads();
  // Whoever says this of itself loses its Runner; whoever does not, its next case.
  if (const Json broken = answer.value("broken", Json()); broken.is_string())
    fail("device", printable(broken.get<std::string>()));
  for (const char* key : {"error", "unsupported"})
    if (answer.contains(key) && answer[key].is_string())
      answer[key] = printable(answer[key].get<std::string>());
  return answer;
}

}  // namespace fk::judge
