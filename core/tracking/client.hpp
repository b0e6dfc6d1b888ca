// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/tracking/http.hpp"

namespace fk::tracking {

using Json = nlohmann::ordered_json;

struct Metric {
  std::string key;
  double value = 0;
};
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A run on the server.
struct Run {
  std::string id, artifacts;  // the URI of its artifacts' root
};

// MLflow's REST API 2.0, as far as runs need it. Names and values are cut to what the server takes.
// Throws Error: what was asked, what the server said.
class Client {
 public:
  explicit Client(Settings s) : http_(std::move(s)) {}

  // Whether the server is there and lets us in; finds the experiment, and makes none.
  void probe();
  // Milliseconds since 1970. The experiment is made where there is none.
  Run create(const std::string& name, int64_t start, const Pairs& tags);
  // Metrics that are no finite number are left out.
  void log(const Run&, const std::vector<Metric>&, const Pairs& params, const Pairs& tags);
  void end(const Run&, bool ok, int64_t end);
  // False where the server keeps artifacts at a place that it takes nothing for (s3://..., a
  // folder).
  bool upload(const Run&, const std::string& name, const std::string& bytes);

  const Settings& settings() const { return http_.settings(); }

 private:
  Json ask(const char* method, const std::string& path, const Json& body = nullptr);
  void make_experiment();
  Http http_;
  std::string experiment_;  // its id
};

}  // namespace fk::tracking
