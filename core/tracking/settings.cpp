// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/settings.hpp"

#include <cstdlib>

#include "core/base/error.hpp"

namespace fk::tracking {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Settings Settings::from_environment(const std::string& uri) {
  Settings s;
  s.uri = uri.empty() ? variable("MLFLOW_TRACKING_URI") : uri;
  const bool http = s.uri.starts_with("http://") || s.uri.starts_with("https://");
  if (!s.uri.empty() && !http)
    core::bad_input(
        "{} {}: expected the http:// or https:// address of a tracking server; `mlflow server "
        "--backend-store-uri {}` starts one at http://127.0.0.1:5000",
        uri.empty() ? "MLFLOW_TRACKING_URI" : "--mlflow", s.uri, s.uri);
  while (s.uri.ends_with('/')) s.uri.pop_back();
  if (!uri.empty() && s.shown() != s.uri)
    core::bad_input(
        "--mlflow {}: has a user in it, and the words of a command are recorded; "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD say who asks",
        s.shown());
  if (const std::string name = variable("MLFLOW_EXPERIMENT_NAME"); !name.empty())
    s.experiment = name;
  s.experiment_id = variable("MLFLOW_EXPERIMENT_ID");
  s.username = variable("MLFLOW_TRACKING_USERNAME");
  s.password = variable("MLFLOW_TRACKING_PASSWORD");
  s.token = variable("MLFLOW_TRACKING_TOKEN");
  const std::string insecure = variable("MLFLOW_TRACKING_INSECURE_TLS");
  s.insecure_tls = insecure == "true" || insecure == "1";
  s.server_cert = variable("MLFLOW_TRACKING_SERVER_CERT_PATH");
  s.client_cert = variable("MLFLOW_TRACKING_CLIENT_CERT_PATH");
  return s;
}

std::string Settings::shown() const {
  const size_t begin = uri.find("://") + 3;
  const size_t at = uri.substr(0, uri.find('/', begin)).rfind('@');
  return at == uri.npos ? uri : uri.substr(0, begin) + uri.substr(at + 1);
}

}  // namespace fk::tracking
