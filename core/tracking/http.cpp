// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/http.hpp"

#include <curl/curl.h>

#include <chrono>

#include "core/base/error.hpp"

namespace fk::tracking {
namespace {

constexpr double kPrompt = 1;  // seconds: an answer that costs no patience

size_t take(char* data, size_t size, size_t count, void* reply) {
  static_cast<Reply*>(reply)->body.append(data, size * count);
  return size * count;
}

struct Headers {
  curl_slist* list = nullptr;
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  ~Headers() { curl_slist_free_all(list); }
};

}  // namespace

Http::Http(Settings s) : settings_(std::move(s)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  curl_ = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (!curl_) core::missing("libcurl does not start");
}

Http::~Http() { curl_easy_cleanup(curl_); }

std::string Http::escaped(const std::string& text) const {
  char* c = curl_easy_escape(curl_, text.c_str(), int(text.size()));
  std::string out = c ? c : "";
  curl_free(c);
  return out;
}

Reply Http::send(const char* method, const std::string& path, const std::string& body,
                 const char* type) {
  const bool whole = path.starts_with("http");
  const std::string url = whole ? path : settings_.uri + path;
  Reply reply;
  Headers headers;
  headers.add(fmt::format("Content-Type: {}", type));
  headers.add("Expect:");  // or a body of some size waits for a word that few servers say
  curl_easy_reset(curl_);  // the connection stays
  char why[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, method);
  if (std::string(method) != "GET") {
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.size()));
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.data());
  }
  if (!settings_.username.empty() && !settings_.password.empty()) {
    curl_easy_setopt(curl_, CURLOPT_USERNAME, settings_.username.c_str());
    curl_easy_setopt(curl_, CURLOPT_PASSWORD, settings_.password.c_str());
  } else if (!settings_.token.empty()) {
    headers.add("Authorization: Bearer " + settings_.token);
  }
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.list);
  if (settings_.insecure_tls) {
    curl_easy_setopt(curl_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!settings_.server_cert.empty())
    curl_easy_setopt(curl_, CURLOPT_CAINFO, settings_.server_cert.c_str());
  if (!settings_.client_cert.empty())
    curl_easy_setopt(curl_, CURLOPT_SSLCERT, settings_.client_cert.c_str());
  // Without CURLOPT_NOSIGNAL: it would leave SIGPIPE to us, which TLS writes may raise.
  curl_easy_setopt(curl_, CURLOPT_QUICK_EXIT, 1L);  // nobody waits for a name that is looked up
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, long(1e3 * std::max(patience_, 0.1)));
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &reply);
  const auto begin = std::chrono::steady_clock::now();
  const CURLcode code = curl_easy_perform(curl_);
  const double took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (took > kPrompt) patience_ -= took;
  if (code != CURLE_OK)
    core::missing("{} {}: {} ({})", method, whole ? path : settings_.shown() + path,
                  *why ? why : curl_easy_strerror(code),
                  code == CURLE_PEER_FAILED_VERIFICATION
                      ? "MLFLOW_TRACKING_SERVER_CERT_PATH names the server's certificate"
                      : "is the server there? Without MLFLOW_TRACKING_URI nothing is sent");
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

}  // namespace fk::tracking
