// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <set>

#include "core/tracking/entry.hpp"

namespace fk::tracking {

// What a command was asked: the name of its run, the words that say it again, its flags.
struct Command {
  std::string name, words;
  Pairs flags;
};

// A command as a tracking server has it: one run, made with the first record, and below it one for
// every measurement and verdict. A server that is not there or refuses is said once on stderr and
// left alone from then on: nothing here throws, and the command's work stands. One thread.
class Tracker {
 public:
  // `uri`: of a flag, see Settings; throws Error where that is none. Without a server in it and in
  // the environment all calls do nothing.
  Tracker(Command, const std::string& uri);
  // The run is FINISHED; FAILED where a record is one of a failure, or while an exception is
  // on its way.
  ~Tracker();
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  bool on() const { return client_ != nullptr; }
  // Says now what would be said after the measuring.
  void probe();
  // `more`: of the caller's, beside the record's own.
  void add(const store::Record&, const std::vector<Metric>& more, const Pairs& tags);
  // What the command found in all, for its own run, which is made if it is not: numbers as metrics,
  // texts as params, `id` as the record's.
  void conclude(const Json& found, const Pairs& files);

 private:
  void attempt(const std::function<void()>&);
  const Run& parent();
  void log(const Run&, const Entry&);
  void upload(const Run&, const Pairs& files);

  Command command_;
  std::unique_ptr<Client> client_;
  Run parent_;
  std::set<std::string> params_;  // of the parent's: the server takes no second value
  int64_t start_, last_;          // milliseconds since 1970: the command, the last record
  int exceptions_;
  bool ok_ = true, whole_ = false, files_ = true;
};

}  // namespace fk::tracking
