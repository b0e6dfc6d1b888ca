// SPDX-License-Identifier: Apache-2.0
#include "core/record/machine.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <sstream>

#include "core/device/device.hpp"
#include "core/plugin/process.hpp"

namespace fk::record {
namespace fs = std::filesystem;
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// What `git` says in a folder; the second command says which files were changed.
std::string revision(const fs::path& folder, std::vector<std::string> ask,
                     std::vector<std::string> changed) {
  static const bool there = !core::find_program("git").empty();
  if (!there) return "";
  for (auto* words : {&ask, &changed})
    words->insert(words->begin(), {"git", "-C", folder.string()});
  const auto done = core::run_processes({ask, changed});
  const std::string first = trimmed(done[0].output.substr(0, done[0].output.find('\n')));
  if (done[0].exit_code != 0 || first.empty()) return "";
  return first + (done[1].exit_code == 0 && !done[1].output.empty() ? "-changed" : "");
}

std::string cpuinfo(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key) && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "";
}

Machine processor(int threads) {
  utsname system{};
  uname(&system);
  Machine m;
  const std::string name = processor_name();
  m.device = fmt::format("{}, {} thread{}", name.empty() ? system.machine : name, threads,
                         threads == 1 ? "" : "s");
  m.driver = fmt::format("{} {}", system.sysname, system.release);
  m.clocks = {{"threads", threads}};
  const fs::path frequency = "/sys/devices/system/cpu/cpu0/cpufreq";
  for (const auto& [key, file] :
       {std::pair{"governor", "scaling_governor"}, std::pair{"most_khz", "cpuinfo_max_freq"}})
    if (const std::string text = first_line(frequency / file); !text.empty()) m.clocks[key] = text;
  if (const std::string seen = cpuinfo("cpu MHz"); !seen.empty()) m.clocks["seen_mhz"] = seen;
  return m;
}

Machine card(fk_device id) {
  const auto device = core::Device::open(id);
  Machine m;
  m.device = device->name();
  m.clocks = {{"device", core::device_text(id)}};
  std::string cuda;
  for (const auto& [name, value] : device->facts()) {
    if (name.find("clock") != name.npos) m.clocks[name] = value;
    if (name == "cuda_driver") cuda = value;
  }
  const std::string module = driver_version(first_line("/proc/driver/nvidia/version"));
  m.driver = module.empty() ? "CUDA " + cuda : "NVIDIA " + module;
  return m;
}

}  // namespace

std::string driver_version(const std::string& line) {
  std::istringstream words(line);
  for (std::string w; words >> w;)
    if (w.find('.') != w.npos && w.find_first_not_of("0123456789.") == w.npos) return w;
  return "";
}

std::string processor_name() { return trimmed(cpuinfo("model name")); }

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

Machine machine_of(fk_device device, int threads, const fs::path& sources) {
  Machine m = device.type == FK_CPU ? processor(threads) : card(device);
  m.harness = harness_revision(sources);
  return m;
}

std::string harness_revision(const fs::path& sources) {
  return revision(sources, {"rev-parse", "HEAD"}, {"status", "--porcelain", "-uno"});
}

std::string source_revision(const fs::path& folder) {
  return revision(folder, {"log", "-1", "--format=%H", "--", "."},
                  {"status", "--porcelain", "--", "."});
}

}  // namespace fk::record
