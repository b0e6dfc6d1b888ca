// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

#include "tests/support/byte_tokenizer.hpp"

extern char** environ;

namespace fk::test {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> p;
  for (std::string& w : words) p.push_back(w.data());
  p.push_back(nullptr);
  return p;
}

}  // namespace

Folder::Folder() {
  static std::atomic<int> next{0};
  path_ = fs::temp_directory_path() /
          ("fk_e2e_" + std::to_string(getpid()) + "_" + std::to_string(next++));
  fs::create_directories(path_);
}

Folder::~Folder() { fs::remove_all(path_); }

std::string Folder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
  return (path_ / name).string();
}

std::vector<Json> Outcome::lines() const {
  std::vector<Json> all;
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) {
    try {
      all.push_back(Json::parse(line));
    } catch (const Json::parse_error&) { ADD_FAILURE() << "no JSON: " << line; }
  }
  return all;
}

Outcome start(const std::string& program, const std::vector<std::string>& words,
              const std::string& input, const std::vector<std::string>& environment) {
  Folder folder;
  std::string in = folder.write("in", input), out = folder / "out", err = folder / "err";
  std::string file = std::string(FK_BUILD_DIR) + "/bin/" + program;
  // Of a name that stands twice the first counts. Nothing is ever written to the user's store.
  std::vector<std::string> arguments = {file}, variables = environment;
  variables.emplace_back("FK_CACHE_DIR=" FK_BUILD_DIR "/test-cache");
  variables.push_back("FK_STORE=" + folder / "results.db");
  arguments.insert(arguments.end(), words.begin(), words.end());
  auto replaced = [&](const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    return std::any_of(environment.begin(), environment.end(),
                       [&](const std::string& e) { return e.starts_with(name); });
  };
  for (char** e = environ; *e; ++e) {
    if (!std::string(*e).starts_with("FK_") && !replaced(*e)) variables.emplace_back(*e);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, FK_SOURCE_DIR);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  int error = posix_spawn(&pid, file.c_str(), &actions, nullptr, pointers(arguments).data(),
                          pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  Outcome o;
  if (error) {
    ADD_FAILURE() << file << " does not start";
    return o;
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) o.code = WEXITSTATUS(status);
  o.out = read(out);
  o.err = read(err);
  return o;
}

std::string tiny_config(const Folder& f, const std::string& more) {
  f.write("tokenizer.json", byte_tokenizer_json());
  f.write("template.jinja",
          "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if "
          "add_generation_prompt %}assistant: {% endif %}");
  return f.write("tiny.yaml",
                 "model: llama\nengine: causal_lm\nweights: {seed: 11}\nnames: " FK_SOURCE_DIR
                 "/configs/weights/llama_hf.yaml\n"
                 "init: {vocab_size: 260, hidden_size: 32, intermediate_size: 48, "
                 "num_hidden_layers: 2, num_attention_heads: 4, "
                 "num_key_value_heads: 2, max_position_embeddings: 128}\n"
                 "tokenizer: tokenizer.json\nchat_template: template.jinja\noptions: {block_size: "
                 "4, max_num_seqs: 4}\n" +
                     more);
}

}  // namespace fk::test
