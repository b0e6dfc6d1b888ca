// SPDX-License-Identifier: Apache-2.0
// `fk bench load`: how fast weights get from files to the device, beside what the disk and the bus
// do in the same run.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

#include "core/base/error.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/printing.hpp"

namespace fk::core {
namespace {

constexpr size_t kPiece = size_t{8} << 20;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct File {
  explicit File(const std::string& name) : path(name) {
    fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) missing("{}: cannot be opened", name);
    bytes = size_t(info.st_size);
  }
  ~File() { ::close(fd); }
  File(const File&) = delete;
  std::string path;
  int fd = -1;
  size_t bytes = 0;
};
using Files = std::vector<std::unique_ptr<File>>;

size_t total_bytes(const Files& files) {
  size_t n = 0;
  for (const auto& f : files) n += f->bytes;
  return n;
}

// Takes the files out of the page cache; gives the share that stays there all the same.
double drop(const Files& files) {
  size_t resident = 0, pages = 0;
  for (const auto& f : files) {
    ::fdatasync(f->fd);  // pages that are not on the disk yet stay
    ::posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
    void* p = f->bytes ? ::mmap(nullptr, f->bytes, PROT_READ, MAP_SHARED, f->fd, 0) : MAP_FAILED;
    if (p == MAP_FAILED) continue;
    const size_t page = size_t(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> in((f->bytes + page - 1) / page);
    if (::mincore(p, f->bytes, in.data()) == 0)
      resident += size_t(std::count_if(in.begin(), in.end(), [](auto c) { return c & 1; }));
    pages += in.size();
    ::munmap(p, f->bytes);
  }
  return pages ? double(resident) / double(pages) : 0;
}

// Seconds to read(2) all files once, `threads` pieces at a time.
double read_all(const Files& files, unsigned threads) {
  const double start = now();
  for (const auto& f : files) {
    std::atomic<size_t> next{0};
    std::atomic<bool> failed{false};
    std::vector<std::thread> readers;
    for (unsigned i = 0; i < threads; ++i)
      readers.emplace_back([&] {
        std::vector<char> buffer(kPiece);
        for (size_t at; (at = next.fetch_add(kPiece)) < f->bytes && !failed;) {
          const size_t end = std::min(at + kPiece, f->bytes);
          while (at < end) {
            const ssize_t n = ::pread(f->fd, buffer.data(), end - at, off_t(at));
            if (n <= 0) {
              failed = true;
              break;
            }
            at += size_t(n);
          }
        }
      });
    for (std::thread& t : readers) t.join();
    if (failed) throw Error(Code::kCheckFailed, fmt::format("{}: cannot be read", f->path));
  }
  return now() - start;
}

// Bytes a second from pinned host memory to the device, the best of three.
double upload_rate(const std::shared_ptr<Device>& device) {
  constexpr size_t kBytes = size_t{64} << 20;
  constexpr int kTimes = 16;
  const DeviceMemory to(device, kBytes);
  void* from = device->allocate_host(kBytes);
  double best = 0;
  for (int run = 0; run < 4; ++run) {  // the first is not counted
    const double start = now();
    for (int i = 0; i < kTimes; ++i) device->upload(to.data(), from, kBytes);
    device->synchronize();
    if (run > 0) best = std::max(best, double(kTimes) * kBytes / (now() - start));
  }
  device->release_host(from);
  return best;
}

// Opens the files anew, builds the model on the device and lets both go: seconds until all weights
// are there.
double load(const Session& session, const std::string& weights, const BuildOptions& build) {
  Assets assets = session.assets;
  const double start = now();
  assets.file = TensorFile::open(weights);
  std::shared_ptr<WeightStore> store = assets.open_weights(session.workspace.registry());
  const auto model =
      Model::build(session.workspace.catalog(), store, assets.config.model, assets.init, build);
  build.on->synchronize();
  const double seconds = now() - start;
  refuse_unused(*store, assets);
  return seconds;
}

struct LoadFlags {
  ModelFlags model;
  int repeats = 3;
  bool json = false;
  std::string out;
};

Json measure(const LoadFlags& f, Session& session, std::string weights) {
  std::set<std::string> names;
  for (const auto& [_, t] : session.assets.file->tensors()) names.insert(t.file);
  session.assets.file.reset();  // mapped pages cannot leave the page cache
  Files files;
  for (const std::string& n : names) files.push_back(std::make_unique<File>(n));
  BuildOptions build = session.build;
  build.on = Device::open(build.device);
  for (auto& [name, size] : build.dims)
    if (name == "num_blocks" || name == "num_slots") size = std::min<int64_t>(size, 1);
  const double bytes = double(total_bytes(files));
  const unsigned readers = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);

  load(session, weights, build);  // opens plugins and libraries
  const double bus = upload_rate(build.on);
  double resident = drop(files);
  double disk = bytes / read_all(files, 1);
  resident = std::max(resident, drop(files));
  disk = std::max(disk, bytes / read_all(files, readers));
  const double cache = bytes / std::min(read_all(files, 1), read_all(files, readers));
  resident = std::max(resident, drop(files));
  const double cold = load(session, weights, build);
  std::vector<double> warm;
  for (int i = 0; i < f.repeats; ++i) warm.push_back(load(session, weights, build));
  std::vector<double> sorted = warm;
  const double warm_rate = bytes / quantile(sorted, 0.5), cold_rate = bytes / cold;
  return {
      {"device", build.on->name()},
      {"weights", weights},
      {"files", names},
      {"bytes", total_bytes(files)},
      {"resident_after_drop", resident},
      {"disk_gb_s", disk * 1e-9},
      {"page_cache_gb_s", cache * 1e-9},
      {"pinned_upload_gb_s", bus * 1e-9},
      {"cold",
       {{"seconds", cold}, {"gb_s", cold_rate * 1e-9}, {"share", cold_rate / std::min(disk, bus)}}},
      {"warm",
       {{"seconds", warm},
        {"gb_s", warm_rate * 1e-9},
        {"share", warm_rate / std::min(cache, bus)}}}};
}

void print(const Json& r) {
  auto number = [&](const char* name) { return r[name].get<double>(); };
  fmt::print("{}, {} in {} file{}, to {}\n\n", r["weights"].get<std::string>(),
             bytes_text(r["bytes"].get<size_t>()), r["files"].size(),
             r["files"].size() == 1 ? "" : "s", r["device"].get<std::string>());
  fmt::print("disk, read(2)           {:8.2f} GB/s{}\n", number("disk_gb_s"),
             number("resident_after_drop") > 0.05
                 ? fmt::format("  ({:.0f} % stayed in the page cache: not cold)",
                               100 * number("resident_after_drop"))
                 : "");
  fmt::print("page cache, read(2)     {:8.2f} GB/s\n", number("page_cache_gb_s"));
  fmt::print("pinned memory to device {:8.2f} GB/s\n", number("pinned_upload_gb_s"));
  for (const char* name : {"cold", "warm"})
    fmt::print("loading, {:<14} {:8.2f} GB/s, {:.0f} % of the slower of {} and bus\n", name,
               r[name]["gb_s"].get<double>(), 100 * r[name]["share"].get<double>(),
               name == std::string("cold") ? "disk" : "page cache");
}

}  // namespace

int bench_load_command(const Words& words) {
  CLI::App app{"Measures how fast weights get from files to the device.", "fk bench load"};
  LoadFlags f;
  f.model.add_to(app);
  app.add_option("--repeats", f.repeats, "loads out of the page cache")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--json", f.json, "one JSON object on stdout in place of the table");
  app.add_option("--out", f.out, "write the JSON to a file")->type_name("FILE");
  app.footer(
      "\nexample:\n"
      "  fk bench load --config configs/llama_3_1_8b.yaml --weights FOLDER --device cuda:0\n\n"
      "exit codes: 0 ok, 1 a check failed, 2 bad usage or input, 3 missing dependency or device\n");
  if (!parse_flags(app, words)) return 0;
  Session session(f.model, false);
  if (!session.assets.file)
    bad_input("--config {}: its weights are {}, made and not loaded; give files with --weights",
              f.model.config, session.assets.weights_text);
  const Json result = measure(f, session, session.assets.file->name());
  if (!f.out.empty() && !(std::ofstream(f.out) << result.dump(1, ' ') << "\n"))
    bad_input("--out {}: cannot be written", f.out);
  if (f.json)
    fmt::print("{}\n", json_line(result));
  else
    print(result);
  return 0;
}

}  // namespace fk::core
