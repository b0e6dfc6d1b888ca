// SPDX-License-Identifier: Apache-2.0
#include "core/cli/cli.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

struct Command {
  const char* name;
  int (*run)(const Words&);  // null: not in this version
  const char* help;
};

constexpr Command kCommands[] = {
    {"run", run_command, "run a model: prompts, a file of them, or a chat (also called fk-run)"},
    {"list", list_command,
     "tasks and their implementations, and why others were refused (fk-list)"},
    {"describe", describe_command, "one task: what it computes, its fields, its implementations"},
    {"new", new_command, "write a new candidate or task that builds at once (fk-new)"},
    {"tokenize", tokenize_command, "ids of every line of a file"},
    {"score", score_command, "negative log likelihood and perplexity of a text"},
    {"check", check_command, "judge implementations of a task against the reference (fk-check)"},
    {"bench", bench_command, "measure: `bench model` whole models under load (fk-bench)"},
    {"resolve", resolve_command,
     "find and prove the implementations that make a model fastest; writes a lock file"},
    {"eval", eval_command,
     "score implementations over the models of a scenario: tasks, whole models, what they compute"},
    {"results", results_command, "the results store: list, show, export, import, measure again"},
    {"compare", compare_command, "two versions of an implementation: per case, and in a model"},
    {"history", history_command, "the versions of a task's implementations over time"},
    {"report", report_command, "the results store as one page: speeds, plans, versions, verdicts"},
    {"serve", nullptr, "an HTTP server (fk-serve)"},
};

void print_help() {
  std::puts(
      "fk: a benchmark of kernels that is an inference framework\n\nusage: fk COMMAND [flags]; "
      "every command explains itself with --help\n");
  for (const Command& c : kCommands)
    std::printf("  %-10s%s%s\n", c.name, c.help, c.run ? "" : "; not in this version");
  std::puts(
      "\nfirst steps:\n"
      "  scripts/fetch_models.sh                                   fetch the real weights of the "
      "demos\n"
      "  fk run --config configs/llama.yaml --prompt \"Hello\"       stream an answer, then see "
      "the plan\n"
      "  fk list                                                   what can be run, and by what\n"
      "  fk new candidate silu_and_mul mine                        a kernel of your own ...\n"
      "  fk run --config configs/llama.yaml --pin silu_and_mul=mine   ... in every layer\n\n"
      "exit codes: 0 ok, 1 a check failed, 2 bad usage or input, 3 missing dependency or device");
}

int dispatch(const std::string& name, const Words& words) {
  std::vector<std::string> names;
  for (const Command& c : kCommands) {
    names.push_back(c.name);
    if (c.name != name) continue;
    if (c.run) return c.run(words);
    bad_input("`fk {}` ({}) is not in this version; `fk --help` names the commands that are", name,
              c.help);
  }
  bad_input("unknown command '{}'{}; fk has: {}", name, did_you_mean(name, names),
            fmt::join(names, ", "));
}

}  // namespace

int cli_main(int argc, char** argv) {
  std::string program = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "fk";
  Words words(argv + std::min(argc, 1), argv + argc);
  try {
    if (program.starts_with("fk-")) return dispatch(program.substr(3), words);
    program = "fk";
    if (words.empty()) {
      print_help();
      return int(Code::kBadInput);
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
      print_help();
      return 0;
    }
    if (words[0] == "--version") {
      std::puts("fk " FK_VERSION);
      return 0;
    }
    program += " " + words[0];
    return dispatch(words[0], Words(words.begin() + 1, words.end()));
  } catch (const Error& e) {
    std::cout.flush();
    fmt::print(stderr, "{}: {}\n", program, e.text());
    return int(e.code());
  } catch (const std::exception& e) {
    std::cout.flush();
    fmt::print(stderr, "{}: internal error: {}\n", program, e.what());
    return int(Code::kCheckFailed);
  }
}

}  // namespace fk::core
