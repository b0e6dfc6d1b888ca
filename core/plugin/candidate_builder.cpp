// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/candidate_builder.hpp"

#include <fmt/ranges.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <regex>
#include <set>

#include "core/base/error.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/process.hpp"

namespace fk::core {
namespace fs = std::filesystem;
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kVersionScript = "{ global: fk_plugin_entry_v1; local: *; };\n";
const Words kCommon{"-O2", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"};
const Words kCxx{"-std=c++20", "-fvisibility-inlines-hidden", "-Wno-missing-field-initializers"};
const Words kC{"-std=c11"};
const Words kCuda{"-std=c++20", "-O2", "-Xcompiler", "-fPIC,-fvisibility=hidden"};
// As the baselines; a manifest's own -arch or -gencode stands instead.
const Words kHopper{"-gencode", "arch=compute_90a,code=sm_90a", "-DFK_COMPILED_FOR=\"sm_90a\""};
const Words kLink{"-shared", "-Wl,-z,defs"};

void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

std::string environment(const char* name, const char* otherwise) {
  const char* v = std::getenv(name);
  return v && *v ? v : otherwise;
}

std::string compiler_for(const fs::path& source) {
  const std::string ext = source.extension().string();
  if (ext == ".c") return find_program(environment("CC", "cc"));
  if (ext != ".cu") return find_program(environment("CXX", "c++"));
  const std::string named = environment("NVCC", "");
  if (!named.empty()) return find_program(named);
  const std::string nvcc = find_program("nvcc");
  return nvcc.empty() ? find_program("/usr/local/cuda/bin/nvcc") : nvcc;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& e : fs::recursive_directory_iterator(folder))
    if (e.is_regular_file()) out.push_back(e.path());
  std::sort(out.begin(), out.end());
  return out;
}

// The headers that `file` includes by their place beside it (#include "../x.hpp"), and those that
// they include in their turn, where there are such files.
void add_includes(const fs::path& file, const std::string& text, std::set<fs::path>& to) {
  static const std::regex include(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*"([^"\n]+)")re");
  for (std::sregex_iterator i(text.begin(), text.end(), include), end; i != end; ++i) {
    std::error_code ignored;
    const fs::path header = fs::weakly_canonical(file.parent_path() / (*i)[1].str(), ignored);
    if (fs::is_regular_file(header, ignored) && to.insert(header).second)
      add_includes(header, read_file(header), to);
  }
}

std::vector<fs::path> sources_of(const Manifest& m) {
  std::vector<fs::path> out;
  const std::vector<fs::path> files = files_below(m.folder());
  for (const std::string& glob : m.sources) {
    const size_t before = out.size();
    for (const fs::path& f : files)
      if (fnmatch(glob.c_str(), f.lexically_relative(m.folder()).c_str(), FNM_PATHNAME) == 0 &&
          std::find(out.begin(), out.end(), f) == out.end())
        out.push_back(f);
    if (out.size() == before)
      bad_input("sources: \"{}\" matches no file in {}", glob, m.folder().string());
  }
  for (const fs::path& f : out)
    if (const std::string e = f.extension().string();
        e != ".c" && e != ".cpp" && e != ".cc" && e != ".cu")
      bad_input("sources: {} is neither C (.c), C++ (.cpp, .cc) nor CUDA (.cu)", f.string());
  return out;
}

bool has_own_entry(const Manifest& m, const std::vector<fs::path>& sources) {
  if (m.language == Manifest::Language::kC) return true;  // FK_PLUGIN is C++
  return std::any_of(sources.begin(), sources.end(), [](const fs::path& s) {
    const std::string text = read_file(s);
    return text.find("FK_PLUGIN(") != text.npos || text.find("fk_plugin_entry_v1") != text.npos;
  });
}

bool names_cards(const std::string& flag) {
  return flag.starts_with("-arch") || flag.starts_with("-gencode") ||
         flag.starts_with("--gpu-architecture") || flag.starts_with("--generate-code");
}

// A folder beside the object.
std::string intermediates(const fs::path& object) {
  const fs::path folder = fs::path(object).replace_extension(".keep");
  fs::create_directories(folder);
  return folder.string();
}

// What -march=native asks of it; "" where Linux does not tell.
std::string processor_flags() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("flags") || line.starts_with("Features")) return line;
  return "";
}

Words compile_command(const Manifest& m, const Sdk& sdk, const fs::path& source,
                      const fs::path& object) {
  const std::string ext = source.extension().string();
  Words c{compiler_for(source)};
  if (ext == ".cu") {
    append(c, kCuda);
    // The names of its intermediate files stand in the object; those of its own choice have the
    // process's number in them.
    append(c, {"--keep", "--keep-dir", intermediates(object)});
    if (std::none_of(m.flags.begin(), m.flags.end(), names_cards)) append(c, kHopper);
  } else {
    append(c, kCommon);
    append(c, ext == ".c" ? kC : kCxx);
  }
  for (const fs::path& i : sdk.includes) append(c, {"-isystem", i.string()});
  append(c, {"-I", m.folder().empty() ? "." : m.folder().string()});
  append(c, m.flags);
  append(c, {"-c", source.string(), "-o", object.string()});
  return c;
}

Words link_command(const Manifest& m, const std::vector<fs::path>& sources, const Words& objects,
                   const fs::path& script, const fs::path& library) {
  Words c{find_program(environment("CXX", "c++"))};
  append(c, kLink);
  c.push_back("-Wl,--version-script=" + script.string());
  append(c, objects);
  append(c, {"-o", library.string()});
  for (const std::string& lib : m.libs) c.push_back(lib.starts_with('-') ? lib : "-l" + lib);
  for (const fs::path& s : sources)
    if (s.extension() == ".cu") {
      const fs::path cuda = fs::path(compiler_for(s)).parent_path().parent_path();
      append(c, {"-L" + (cuda / "lib64").string(), "-Wl,-rpath," + (cuda / "lib64").string(),
                 "-lcudart"});
      break;
    }
  return c;
}

// Compiler text of commands that failed, or of all (warnings) when none did.
std::string outputs(const std::vector<ProcessResult>& results, bool failed_only) {
  std::string text;
  for (const ProcessResult& r : results)
    if (!failed_only || r.exit_code != 0) text += r.output;
  return text;
}

bool all_ok(const std::vector<ProcessResult>& results) {
  return std::all_of(results.begin(), results.end(),
                     [](const ProcessResult& r) { return r.exit_code == 0; });
}

// Remembered, but for compilers that something else ended (127: could not be started).
[[noreturn]] void fail(const fs::path& memory, const char* what,
                       const std::vector<ProcessResult>& results) {
  const std::string text = fmt::format("{}:\n{}", what, outputs(results, true));
  if (std::all_of(results.begin(), results.end(),
                  [](const ProcessResult& r) { return r.exit_code < 127; })) {
    fs::create_directories(memory.parent_path());
    write_atomically(memory, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  bad_input("{}", text);
}

struct WorkFolder {
  fs::path path;
  explicit WorkFolder(fs::path p) : path(std::move(p)) { fs::create_directories(path); }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

Sdk Sdk::find(const fs::path& executable, const fs::path& source_tree) {
  const fs::path prefix = executable.parent_path().parent_path();
  if (fs::exists(prefix / "gen/fk") && fs::exists(source_tree / "plugin_api/include/fk/abi.h"))
    return {{source_tree / "plugin_api/include", prefix / "gen"}};
  if (fs::exists(prefix / "include/fk/abi.h")) return {{prefix / "include"}};
  missing("no SDK beside {}: neither {} (a build tree) nor {} (an installation) is there",
          executable.string(), (prefix / "gen/fk").string(),
          (prefix / "include/fk/abi.h").string());
}

Sdk Sdk::of_this_process() {
  std::error_code ignored;
  return find(fs::read_symlink("/proc/self/exe", ignored), FK_SOURCE_DIR);
}

CandidateBuilder::CandidateBuilder(Sdk sdk, Progress progress) : sdk_(std::move(sdk)) {
  if (!progress) return;
  progress_ = [say = std::move(progress),
               mutex = std::make_shared<std::mutex>()](const std::string& line) {
    const std::lock_guard alone(*mutex);  // folders are built by several threads
    say(line);
  };
}

SourceBuilder CandidateBuilder::builder() const {
  return [self = *this](const Manifest& m) { return self.build(m).library; };
}

// Everything the library depends on but tools: the folder's files, what they include from elsewhere
// by its place, the SDK's headers and the flags.
std::string CandidateBuilder::sources_key(const Manifest& m) const {
  ContentHash h;
  std::set<fs::path> elsewhere;
  for (const fs::path& f : files_below(m.folder())) {
    if (f.extension() == ".so") continue;
    const std::string text = read_file(f);
    h.add(f.lexically_relative(m.folder()).string());
    h.add(text);
    add_includes(f, text, elsewhere);
  }
  const fs::path home = fs::weakly_canonical(m.folder());
  for (const fs::path& f : elsewhere) {
    const fs::path way = f.lexically_relative(home);
    if (*way.begin() != "..") continue;  // of the folder
    h.add(way.string());
    h.add(read_file(f));
  }
  for (const fs::path& include : sdk_.includes)
    for (const fs::path& f : files_below(include / "fk")) {
      h.add(f.lexically_relative(include).string());
      h.add(read_file(f));
    }
  for (const Words* flags : {&kCommon, &kCxx, &kC, &kCuda, &kHopper, &kLink})
    for (const std::string& f : *flags) h.add(f);
  return h.hex();
}

// And the compilers as files, and the processor, whose own instructions they use.
std::string CandidateBuilder::key(const std::string& sources_key,
                                  const std::vector<fs::path>& sources) const {
  ContentHash h;
  h.add(std::string_view(sources_key));
  h.add(std::string_view(processor_flags()));
  std::set<std::string> compilers;
  for (const fs::path& s : sources) compilers.insert(compiler_for(s));
  for (const std::string& c : compilers) {
    std::error_code ignored;
    const fs::path real = fs::canonical(c, ignored);
    h.add(fmt::format("{} {} {}", real.string(), fs::file_size(real, ignored),
                      fs::last_write_time(real, ignored).time_since_epoch().count()));
  }
  return h.hex();
}

CandidateBuilder::Result CandidateBuilder::build(const Manifest& m) const {
  const std::vector<fs::path> sources = sources_of(m);
  for (const fs::path& s : sources)
    if (compiler_for(s).empty())
      missing("{} needs {}: it is not on PATH; install it or set {}", s.string(),
              s.extension() == ".cu"  ? "nvcc"
              : s.extension() == ".c" ? "a C compiler"
                                      : "a C++ compiler",
              s.extension() == ".cu"  ? "NVCC"
              : s.extension() == ".c" ? "CC"
                                      : "CXX");
  const std::string from = sources_key(m), key = this->key(from, sources);
  Result result{cache_folder() / "built" / fmt::format("{}-{}.so", m.name, key), false, 0, {}};
  if (fs::exists(result.library)) return result;
  // What these sources and compilers did not make an hour ago they will not make now.
  const fs::path failure = fs::path(result.library).replace_extension(".failed");
  if (fs::exists(failure)) bad_input("{}", read_file(failure));

  const auto start = std::chrono::steady_clock::now();
  if (progress_)
    progress_(fmt::format("building {} {} from {}", m.name, m.version, m.folder().string()));
  const WorkFolder work(cache_folder() / "work" / fmt::format("{}-{}", key, getpid()));
  std::vector<fs::path> all = sources;
  if (!has_own_entry(m, sources)) {
    const std::string entry =
        fmt::format("#include \"fk/plugin.hpp\"\nFK_PLUGIN(\"{}\", \"{}\", \"{}\")\n", m.name,
                    m.version, from.substr(0, 16));
    write_atomically(work.path / "entry.cpp",
                     std::span(reinterpret_cast<const uint8_t*>(entry.data()), entry.size()));
    all.push_back(work.path / "entry.cpp");
  }
  std::vector<Words> commands;
  Words objects;
  for (size_t i = 0; i < all.size(); ++i) {
    objects.push_back((work.path / fmt::format("{}.o", i)).string());
    commands.push_back(compile_command(m, sdk_, all[i], objects.back()));
  }
  const std::vector<ProcessResult> compiled = run_processes(commands);
  if (!all_ok(compiled)) fail(failure, "does not compile", compiled);
  const fs::path script = work.path / "plugin.map", library = work.path / "plugin.so";
  write_atomically(script, std::span(reinterpret_cast<const uint8_t*>(kVersionScript.data()),
                                     kVersionScript.size()));
  const std::vector<ProcessResult> linked =
      run_processes({link_command(m, all, objects, script, library)});
  if (!all_ok(linked)) fail(failure, "does not link", linked);
  fs::create_directories(result.library.parent_path());
  fs::rename(library, result.library);
  result.built = true;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.warnings = outputs(compiled, false);
  if (progress_)
    progress_(fmt::format("built {} in {:.1f} s{}{}", m.name, result.seconds,
                          result.warnings.empty() ? "" : "\n", result.warnings));
  return result;
}

}  // namespace fk::core
