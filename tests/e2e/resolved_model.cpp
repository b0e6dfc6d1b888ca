// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/resolved_model.hpp"

#include <fstream>

namespace fk::test {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json ResolvedModel::resolve(std::vector<std::string> more) const {
  more.insert(more.begin(),
              {"resolve", "--config", config, "--candidates", candidates, "--out", lock, "--json",
               "--workload", workload, "--budget", "1", "--proof-budget", "1"});
  more.insert(more.end(), flags.begin(), flags.end());
  const Outcome o = start("fk", more, "", environment);
  EXPECT_EQ(o.code, 0) << o.err;
  return o.code == 0 ? o.lines().at(0) : Json();
}

Outcome ResolvedModel::run(std::vector<std::string> more) const {
  more.insert(more.begin(), {"--config", config, "--candidates", candidates, "--prompt", "hello",
                             "--json", "--max-tokens", "4"});
  more.insert(more.end(), flags.begin(), flags.end());
  return start("fk-run", more, "", environment);
}

std::map<std::string, std::string> ResolvedModel::locked(const std::string& task) const {
  std::ifstream in(lock);
  std::map<std::string, std::string> out;
  const auto field = [](const std::string& line, const std::string& name) {
    const size_t at = line.find(name + ": \"") + name.size() + 3;
    return line.substr(at, line.find('"', at) - at);
  };
  for (std::string line; std::getline(in, line);)
    if (has(line, "task: " + task + ",")) out[field(line, "path")] = field(line, "implementation");
  return out;
}

std::string ResolvedModel::lock_text() const {
  std::ifstream in(lock);
  return {std::istreambuf_iterator<char>(in), {}};
}

const Json* finding(const Json& result, const std::string& implementation) {
  for (const Json& x : result["findings"])
    if (x["implementation"] == implementation) return &x;
  return nullptr;
}

}  // namespace fk::test
