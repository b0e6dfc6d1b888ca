// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/client.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/base/error.hpp"

namespace fk::tracking {
namespace {

const std::string kApi = "/api/2.0/mlflow/";
const std::string kFiles = "/api/2.0/mlflow-artifacts/artifacts/";

// What the server takes: of a request (1000 of all kinds together), and of a text.
constexpr size_t kMetrics = 800, kPairs = 100, kKey = 250, kParam = 6000, kTag = 5000;

std::string cut(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // whole UTF-8
  return text.substr(0, end) + "...";
}

// Names of metrics and params are letters, digits and these, and a path as it is shortest.
std::string key_of(const std::string& name) {
  std::string out, part;
  const auto end_part = [&] {
    if (!part.empty() && part.find_first_not_of('.') == part.npos) part = "_";  // . and ..
    if (!part.empty()) out += (out.empty() ? "" : "/") + part;
    part.clear();
  };
  for (const char c : name) {
    const bool known = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string("_-. :").find(c) != std::string::npos;
    if (c == '/')
      end_part();
    else
      part += known ? c : '_';
  }
  end_part();
  return out.substr(0, kKey);
}

Json pairs_json(const Pairs& all, size_t from, size_t most) {
  Json out = Json::array();
  for (size_t i = from; i < std::min(all.size(), from + kPairs); ++i)
    out.push_back({{"key", key_of(all[i].first)}, {"value", cut(all[i].second, most)}});
  return out;
}

int64_t now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Of an error's body: MLflow's JSON or a word of text; nothing of a page that is for browsers.
std::string said(const std::string& body) {
  if (body.empty() || body.front() == '<') return "";
  const Json j = Json::parse(body, nullptr, false);
  std::string text = body;
  if (j.is_object() && j.contains("error_code"))
    text = fmt::format("{}: {}", j.value("error_code", ""), j.value("message", ""));
  text = text.substr(0, text.find('\n'));
  return ": " + cut(text, 200);
}

const char* way_out(long status) {
  switch (status) {
    case 401:
      return "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say "
             "who asks";
    case 403:
      return "the user may not write there; MLFLOW_EXPERIMENT_NAME names another experiment";
    case 404: return "is this the address of an MLflow tracking server?";
    default:
      return status >= 300 && status < 400 ? "name the address that it leads to"
                                           : "the server's log says more";
  }
}

[[noreturn]] void refused(const std::string& what, const Reply& r) {
  core::missing("{}: answer {}{} ({})", what, r.status, said(r.body), way_out(r.status));
}

}  // namespace

Json Client::ask(const char* method, const std::string& path, const Json& body) {
  const Reply r =
      http_.send(method, kApi + path,
                 body.is_null() ? "" : body.dump(-1, ' ', false, Json::error_handler_t::replace));
  const std::string what = fmt::format("{} {}{}{}", method, settings().shown(), kApi, path);
  if (r.status != 200) refused(what, r);
  Json answer = Json::parse(r.body, nullptr, false);
  if (!answer.is_object()) core::missing("{}: the answer is no JSON ({})", what, way_out(404));
  return answer;
}

void Client::probe() {
  if (!settings().experiment_id.empty()) {
    ask("GET", "experiments/get?experiment_id=" + http_.escaped(settings().experiment_id));
    experiment_ = settings().experiment_id;
    return;
  }
  const std::string path =
      "experiments/get-by-name?experiment_name=" + http_.escaped(settings().experiment);
  const Reply r = http_.send("GET", kApi + path);
  const Json j = Json::parse(r.body, nullptr, false);
  const bool known = r.status == 200 && j.is_object() && j.contains("experiment");
  if (known)
    experiment_ = j["experiment"].value("experiment_id", "");
  else if (!(r.status == 404 && j.is_object() &&
             j.value("error_code", "") == "RESOURCE_DOES_NOT_EXIST"))
    refused(fmt::format("GET {}{}{}", settings().shown(), kApi, path), r);
}

void Client::make_experiment() {
  if (experiment_.empty()) probe();
  if (!experiment_.empty()) return;
  try {
    experiment_ = ask("POST", "experiments/create", {{"name", settings().experiment}})
                      .value("experiment_id", "");
  } catch (const core::Error&) {
    probe();  // somebody else made it in between
    if (experiment_.empty()) throw;
  }
}

Run Client::create(const std::string& name, int64_t start, const Pairs& tags) {
  make_experiment();
  const Json answer = ask("POST", "runs/create",
                          {{"experiment_id", experiment_},
                           {"run_name", cut(name, kKey)},
                           {"start_time", start},
                           {"tags", pairs_json(tags, 0, kTag)}});
  Run run;
  if (const auto at = answer.find("run"); at != answer.end() && at->contains("info")) {
    run.id = (*at)["info"].value("run_id", "");
    run.artifacts = (*at)["info"].value("artifact_uri", "");
  }
  if (run.id.empty())
    core::missing("POST {}{}runs/create: the answer has no run.info.run_id", settings().shown(),
                  kApi);
  return run;
}

void Client::log(const Run& run, const std::vector<Metric>& metrics, const Pairs& params,
                 const Pairs& tags) {
  Json values = Json::array();
  const int64_t time = now();
  for (const Metric& m : metrics)
    if (std::isfinite(m.value))
      values.push_back(
          {{"key", key_of(m.key)}, {"value", m.value}, {"timestamp", time}, {"step", 0}});
  for (size_t m = 0, p = 0; m < values.size() || p < params.size() || p < tags.size();
       m += kMetrics, p += kPairs) {
    Json some = Json::array();
    for (size_t i = m; i < std::min(values.size(), m + kMetrics); ++i) some.push_back(values[i]);
    ask("POST", "runs/log-batch",
        {{"run_id", run.id},
         {"metrics", some},
         {"params", pairs_json(params, p, kParam)},
         {"tags", pairs_json(tags, p, kTag)}});
  }
}

void Client::end(const Run& run, bool ok, int64_t end) {
  ask("POST", "runs/update",
      {{"run_id", run.id}, {"status", ok ? "FINISHED" : "FAILED"}, {"end_time", end}});
}

bool Client::upload(const Run& run, const std::string& name, const std::string& bytes) {
  // mlflow-artifacts:/1/.../artifacts, mlflow-artifacts://host:port/1/... or the whole address.
  std::string root = run.artifacts;
  const std::string scheme = "mlflow-artifacts:";
  if (root.starts_with(scheme)) {
    root = root.substr(scheme.size());
    std::string server;
    if (root.starts_with("//")) {
      const size_t path = std::min(root.find('/', 2), root.size());
      if (path > 2)
        server = settings().uri.substr(0, settings().uri.find(':')) + ":" + root.substr(0, path);
      root = root.substr(path);
    }
    root = server + kFiles + root.substr(std::min(root.find_first_not_of('/'), root.size()));
  } else if (!root.starts_with("http")) {
    return false;
  }
  const std::string path = root + "/" + name;
  const Reply r = http_.send("PUT", path, bytes, "application/octet-stream");
  if (r.status != 200)
    refused("PUT " + (path.starts_with("http") ? path : settings().shown() + path), r);
  return true;
}

}  // namespace fk::tracking
