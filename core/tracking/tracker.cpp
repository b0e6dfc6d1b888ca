// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/tracker.hpp"

#include <chrono>
#include <cstdlib>
#include <exception>

#include "core/base/error.hpp"

namespace fk::tracking {
namespace {

int64_t now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Tracker::Tracker(Command c, const std::string& uri)
    : command_(std::move(c)),
      start_(now()),
      last_(start_),
      exceptions_(std::uncaught_exceptions()) {
  if (!uri.empty()) {  // a flag is as right as all others
    client_ = std::make_unique<Client>(Settings::from_environment(uri));
    return;
  }
  attempt([&] {
    Settings s = Settings::from_environment();
    if (!s.uri.empty()) client_ = std::make_unique<Client>(std::move(s));
  });
}

void Tracker::attempt(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& e) {
    fmt::print(stderr, "mlflow: nothing more is sent: {}\n", e.what());
    client_.reset();
  }
}

void Tracker::probe() {
  if (on()) attempt([&] { client_->probe(); });
}

const Run& Tracker::parent() {
  if (!parent_.id.empty()) return parent_;
  const char* user = std::getenv("USER");
  parent_ = client_->create(command_.name, start_,
                            {{"mlflow.source.name", command_.words},
                             {"mlflow.source.type", "LOCAL"},
                             {"mlflow.user", user ? user : ""},
                             {"fk.command", command_.words}});
  for (const auto& [name, value] : command_.flags) params_.insert(name);
  client_->log(parent_, {}, command_.flags, {});
  return parent_;
}

void Tracker::log(const Run& run, const Entry& e) {
  client_->log(run, e.metrics, e.params, e.tags);
  upload(run, e.files);
}

void Tracker::upload(const Run& run, const Pairs& files) {
  for (const auto& [name, bytes] : files) {
    if (!files_) return;
    files_ = client_->upload(run, name, bytes);
    if (!files_)
      fmt::print(stderr,
                 "mlflow: no files are sent: the server keeps artifacts at {}, which fk cannot "
                 "write; `mlflow server --serve-artifacts` takes them\n",
                 run.artifacts);
  }
}

void Tracker::add(const store::Record& record, const std::vector<Metric>& more, const Pairs& tags) {
  if (!on()) return;
  attempt([&] {
    Entry e = entry_of(record);
    e.metrics.insert(e.metrics.end(), more.begin(), more.end());
    e.tags.insert(e.tags.end(), tags.begin(), tags.end());
    ok_ = ok_ && e.ok;
    const Run command = parent();
    if (e.whole && !whole_) {
      whole_ = true;
      std::erase_if(e.params, [&](const auto& p) { return !params_.insert(p.first).second; });
      log(command, e);
      return;
    }
    const Run run = client_->create(e.name, last_,
                                    {{"mlflow.parentRunId", command.id},
                                     {"mlflow.source.name", command_.words},
                                     {"mlflow.source.type", "LOCAL"}});
    log(run, e);
    last_ = now();
    client_->end(run, e.ok, last_);
  });
}

void Tracker::conclude(const Json& found, const Pairs& files) {
  if (!on()) return;
  attempt([&] {
    const Run command = parent();
    Entry e;
    e.metrics = numbers_of(found);
    e.files = files;
    for (const auto& [name, value] : found.items()) {
      if (!value.is_string()) continue;
      if (name == "id")
        e.tags.emplace_back("fk.record", value);
      else if (params_.insert(name).second)
        e.params.emplace_back(name, value);
    }
    log(command, e);
  });
}

Tracker::~Tracker() {
  if (!on() || parent_.id.empty()) return;
  const bool ok = ok_ && std::uncaught_exceptions() <= exceptions_;
  attempt([&] { client_->end(parent_, ok, now()); });
}

}  // namespace fk::tracking
