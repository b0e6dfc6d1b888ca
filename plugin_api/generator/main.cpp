// SPDX-License-Identifier: Apache-2.0
// fk-gen: the registry's YAML -> typed C headers, the lock file, the layout table.
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "plugin_api/generator/headers.hpp"

namespace {

namespace fs = std::filesystem;

constexpr const char* kUsage =
    "usage: fk-gen --registry DIR [--out DIR] [--lock FILE] [--layout FILE]\n"
    "  --out     writes DIR/fk/tasks/*.h and DIR/fk/structs/*.h, and removes headers of tasks that "
    "are gone\n"
    "  --lock    writes the lock file (registry/abi.lock)\n"
    "  --layout  writes a C++ table of every struct's layout\n";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

// An unchanged file keeps its time stamp, so that only the users of a changed task are compiled
// again.
void write(const fs::path& path, const std::string& text) {
  if (fs::exists(path) && read(path) == text) return;
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) fk::core::bad_input("{}: cannot be written", path.string());
}

void write_headers(const fk::core::Registry& registry, const fs::path& out) {
  std::set<fs::path> written;
  auto put = [&](const fs::path& path, const std::string& text) {
    write(path, text);
    written.insert(path);
  };
  for (const auto& [name, e] : registry.enums())
    put(out / "fk/structs" / (name + ".h"), fk::gen::enum_header(e));
  for (const auto& [name, s] : registry.structs())
    put(out / "fk/structs" / (name + ".h"), fk::gen::struct_header(registry, s));
  for (const auto& [name, t] : registry.tasks())
    put(out / "fk/tasks" / (name + ".h"), fk::gen::task_header(registry, t));
  for (const char* folder : {"fk/structs", "fk/tasks"}) {
    fs::create_directories(out / folder);
    for (const auto& entry : fs::directory_iterator(out / folder))
      if (entry.path().extension() == ".h" && !written.count(entry.path()))
        fs::remove(entry.path());
  }
}

int run(int argc, char** argv) {
  std::string registry, out, lock, layout;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    std::string* value = key == "--registry" ? &registry
                         : key == "--out"    ? &out
                         : key == "--lock"   ? &lock
                         : key == "--layout" ? &layout
                                             : nullptr;
    if (!value || i + 1 == argc) {
      std::fprintf(stderr, "fk-gen: %s\n%s",
                   value ? (key + " has no value").c_str() : ("unknown argument " + key).c_str(),
                   kUsage);
      return 2;
    }
    *value = argv[++i];
  }
  if (registry.empty()) {
    std::fprintf(stderr, "fk-gen: --registry is missing\n%s", kUsage);
    return 2;
  }
  const fk::core::Registry r = fk::core::Registry::load(registry);
  if (!out.empty()) write_headers(r, out);
  if (!lock.empty()) write(lock, fk::gen::lock_text(r));
  if (!layout.empty()) write(layout, fk::gen::layout_table(r));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const fk::core::Error& e) {
    std::fprintf(stderr, "fk-gen: %s\n", e.what());
    return int(e.code());
  }
}
