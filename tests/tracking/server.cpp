// SPDX-License-Identifier: Apache-2.0
#include "tests/tracking/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/tracking/http.hpp"

extern char** environ;

namespace fk::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::string kPackages = FK_SOURCE_DIR "/third_party/mlflow";

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> p;
  for (std::string& w : words) p.push_back(w.data());
  p.push_back(nullptr);
  return p;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int free_port() {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  EXPECT_EQ(bind(s, reinterpret_cast<sockaddr*>(&a), size), 0);
  EXPECT_EQ(getsockname(s, reinterpret_cast<sockaddr*>(&a), &size), 0);
  close(s);
  return ntohs(a.sin_port);
}

std::string output_of(const std::vector<std::string>& given) {
  Folder f;
  std::vector<std::string> words = given;
  const std::string out = f / "out";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, pointers(words).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << words[0];
  int status = -1;
  if (!error) waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0) << words[0] << " " << words[1];
  return read(out);
}

MlflowServer::MlflowServer() {
  if (!fs::exists(kPackages + "/.version")) {
    failure_ = kPackages + " is missing: `scripts/fetch_mlflow.sh` fetches it";
    return;
  }
  const std::string port = std::to_string(free_port());
  uri_ = "http://127.0.0.1:" + port;
  folder_.write("users.ini", "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///" +
                                 folder_ / "users.db" + "\nadmin_username = " + kUser +
                                 "\nauth_cache_ttl_seconds = 600\nadmin_password = " + kPassword +
                                 "\nauthorization_function = "
                                 "mlflow.server.auth:authenticate_request_basic_auth\n");
  std::vector<std::string> words = {"python3",
                                    "-m",
                                    "mlflow",
                                    "server",
                                    "--host",
                                    "127.0.0.1",
                                    "--port",
                                    port,
                                    "--workers",
                                    "1",
                                    "--backend-store-uri",
                                    "sqlite:///" + folder_ / "runs.db",
                                    "--artifacts-destination",
                                    artifacts(),
                                    "--app-name",
                                    "basic-auth"};
  std::vector<std::string> variables = {
      "PYTHONPATH=" + kPackages, "MLFLOW_AUTH_CONFIG_PATH=" + folder_ / "users.ini",
      "MLFLOW_FLASK_SERVER_SECRET_KEY=a test's", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
      "MLFLOW_DISABLE_TELEMETRY=true"};
  for (char** e = environ; *e; ++e)
    if (std::string(*e).rfind("MLFLOW_", 0) != 0 && std::string(*e).rfind("PYTHON", 0) != 0)
      variables.emplace_back(*e);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = folder_ / "log";
  posix_spawn_file_actions_addchdir_np(&actions, folder_.path().c_str());
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // it has processes of its own
  const int error = posix_spawnp(&group_, "python3", &actions, &attributes, pointers(words).data(),
                                 pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) {
    group_ = 0;
    failure_ = "python3 does not start";
    return;
  }
  const auto late = Clock::now() + std::chrono::seconds(180);  // 8 s on a machine that is free
  while (!answers()) {
    int status = 0;
    const bool gone = waitpid(group_, &status, WNOHANG) == group_;
    if (gone || Clock::now() > late) {
      failure_ = std::string(gone ? "mlflow server ended" : "mlflow server does not answer") +
                 ":\n" + read(log);
      if (gone) group_ = 0;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

MlflowServer::~MlflowServer() {
  if (!group_) return;
  signal(SIGCONT);
  signal(SIGKILL);
  waitpid(group_, nullptr, 0);
}

std::string MlflowServer::log() const {
  const std::string all = read(folder_ / "log");
  return all.substr(all.size() - std::min<size_t>(all.size(), 6000));
}

void MlflowServer::signal(int number) const { kill(-group_, number); }

bool MlflowServer::answers() const {
  try {
    tracking::Settings s;
    s.uri = uri_;
    return tracking::Http(s).send("GET", "/health").status == 200;
  } catch (const std::exception&) { return false; }
}

std::vector<std::string> MlflowServer::environment(const std::string& experiment) const {
  return {"MLFLOW_TRACKING_URI=" + uri_, std::string("MLFLOW_TRACKING_USERNAME=") + kUser,
          std::string("MLFLOW_TRACKING_PASSWORD=") + kPassword,
          "MLFLOW_EXPERIMENT_NAME=" + experiment, "NO_PROXY=127.0.0.1"};
}

Json MlflowServer::runs(const std::string& experiment) const {
  const std::string text = output_of(
      {"python3", FK_SOURCE_DIR "/tests/tracking/runs.py", uri_, kUser, kPassword, experiment});
  const Json j = Json::parse(text, nullptr, false);
  EXPECT_TRUE(j.is_array()) << text;
  return j.is_array() ? j : Json::array();
}

}  // namespace fk::test
