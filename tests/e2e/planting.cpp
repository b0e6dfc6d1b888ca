// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/planting.hpp"

#include <fstream>

namespace fk::test {
namespace {

namespace fs = std::filesystem;

// Wide enough that a kernel's time is that of its arithmetic.
std::string wide_config(const Folder& f) {
  std::ifstream in(tiny_config(f));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  for (auto [from, to] :
       {std::pair<std::string, std::string>{"hidden_size: 32", "hidden_size: 128"},
        {"intermediate_size: 48", "intermediate_size: 256"}})
    text.replace(text.find(from), from.size(), to);
  return f.write("wide.yaml", text);
}

}  // namespace

Planting::Planting() : config(wide_config(f)) {
  fs::create_directories(candidates);
  fs::create_directories(f / "plugins");
  for (const char* name : {"reference", "composed"})
    fs::copy(FK_BUILD_DIR "/plugins/" + std::string(name), f / ("plugins/" + std::string(name)),
             fs::copy_options::recursive);
  environment = {"FK_PLUGINS=" + (f / "plugins"), "FK_STORE=" + store};
}

void Planting::plant(const std::string& name, const std::string& task, const std::string& define,
                     const std::string& flags) const {
  const fs::path from = FK_SOURCE_DIR "/tests/e2e/planted", to = fs::path(candidates) / name;
  fs::create_directories(to);
  for (const std::string& file : {task + ".cpp", std::string("rows.hpp")})
    fs::copy_file(from / file, to / file, fs::copy_options::overwrite_existing);
  std::ofstream(to / "plugin.yaml")
      << "name: " << name << "\nversion: 1.0.0\nlanguage: cxx\nsources: [" << task
      << ".cpp]\nflags: [-O3, -DPLANTED_" << define << (flags.empty() ? "" : ", " + flags)
      << "]\ntasks: [" << task << "]\n";
}

void Planting::plant_baseline(const std::string& name, const std::string& task,
                              const std::string& define, const std::string& flags) const {
  plant(name, task, define, flags);
  std::vector<std::string> variables = environment;
  variables.push_back("FK_CACHE_DIR=" + f / ("cache of " + name));
  const Outcome o = start("fk", {"list", "--candidates", candidates}, "", variables);
  ASSERT_EQ(o.code, 0) << o.err;
  fs::remove_all(fs::path(candidates) / name);
  const fs::path to = f / ("plugins/" + name);
  fs::create_directories(to);
  for (const auto& file : fs::directory_iterator(f / ("cache of " + name + "/built")))
    if (file.path().extension() == ".so") fs::copy(file, to / (name + ".so"));
  std::ofstream(to / "plugin.yaml") << "name: " << name << "\nversion: 1.0.0\nlibrary: " << name
                                    << ".so\nlanguage: cxx\ntasks: [" << task << "]\n";
}

}  // namespace fk::test
