// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/catalog.hpp"
#include "core/resolve/resolved.hpp"

namespace fk::core {

// "task[:phase][@path-pattern]=implementation": implementation is a plugin, plugin/name, or either
// @hash-prefix. The pattern is a glob over node paths. Without a phase, for both.
struct Pin {
  std::string task, path, implementation, text;
  std::optional<Phase> phase;
  static Pin parse(std::string_view);
};

// How implementations are chosen. `best` is what a search found, `resolved`; the baselines where it
// has found nothing.
struct Policy {
  enum class Kind { kBaseline, kBest, kCandidate } kind = Kind::kBaseline;
  std::string candidate;  // for kCandidate: its implementations wherever they are supported
  std::vector<Pin> pins;
  std::shared_ptr<const Resolved> resolved;  // for kBest
  static Policy parse(std::string_view text);
};

// One node of a task tree and the implementation it got.
struct Choice {
  std::string path, task;  // path as weights see it
  int depth = 0;
  std::string implementation, version, hash,
      reason;  // reason: "pinned", "first supported baseline (cpu before reference)", ...
  std::vector<std::string> rejected;  // "cuda/warp: needs a CUDA device"
  std::string init;                   // canonical JSON
  // Of decode steps, where another implementation computes them; else empty.
  std::string decode, decode_version, decode_hash, decode_reason;
  size_t retained_bytes = 0;  // kept by its implementations beside weights and states; no part of
                              // what a file has
};

struct ParamUse {
  std::string path;
  std::vector<int64_t> shape;
  fk_dtype dtype;
  size_t bytes;
};
struct StateUse {
  std::string path;
  std::vector<int64_t> shape;
  fk_dtype dtype;
  size_t bytes;
};

// What was built: which implementation every node got and why, in build order.
struct Plan {
  Json made = Json::object();  // how a resolved plan came about: device, workload, ...; or nothing
  std::vector<Choice> choices;
  std::vector<ParamUse> params;
  std::vector<StateUse> states;
  std::vector<std::string> missing_tasks;  // dry builds only
  std::string hash() const;                // of tasks, paths, implementations and plugin hashes
  std::string to_yaml() const;
  static Plan from_yaml(
      std::string_view text,
      const std::string& file);  // --plan: replayed exactly, refused when hashes differ
};

// The seam for dynamic programming: gives the order in which implementations of a node are tried.
class Chooser {
 public:
  struct Request {
    std::string path;
    const TaskSpec* task;
    const InitValue* init;
    fk_device device;
    int32_t sm;
    fk_dtype dtype;
    Phase phase = Phase::kPrefill;
    std::string_view init_text = {};  // as Choice::init
  };
  struct Option {
    const Implementation* implementation;
    std::string reason;
  };
  virtual ~Chooser() = default;
  virtual std::vector<Option> order(const Request&) = 0;
};

}  // namespace fk::core
