// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "core/base/laps.hpp"
#include "core/judge/cases/captured_cases.hpp"
#include "core/judge/judge.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/record/machine.hpp"
#include "core/record/recorder.hpp"

namespace fk::resolver {

// What is known of implementations: out of the store, and where it has nothing, from the Judge.
// What the Judge says is stored.
class Measurer {
 public:
  struct Court {
    judge::Judge& judge;
    const std::deque<judge::PluginFile>& plugins;
    record::Machine machine;
    record::Recorder& recorder;  // one that is off: remembered as long as the Measurer lives
    judge::BenchOptions bench;
    size_t judges = 0;  // at a time, at most; 0: as many as there are cores for
    double most_operations = cases::kMostOperations;  // of a call that is measured alone
  };
  explicit Measurer(Court);

  // An implementation without its code: what is judged need not be open here.
  struct Named {
    std::string id, version, hash;
    bool composite = false;
    static Named of(const core::Implementation& i) {
      return {i.id(), i.version, i.hash, (i.impl->flags & FK_IMPL_COMPOSITE) != 0};
    }
  };
  struct Verdict {
    bool passed = false;
    std::string text;  // "wrong at case odd_3/float32: ..."
    std::string id;    // of the record
  };
  struct Timing {
    double seconds = 0, baseline_seconds = 0;
    judge::Interval speedup;
    std::string code, text, id;
    size_t cases = 1;        // that it is of
    bool open = false;       // the machine was too busy to tell: it is measured again the next time
    bool too_large = false;  // for the reference, and therefore nobody measured it
    bool faster() const { return code == "FAST"; }
    std::string summary() const;  // "1.42x [1.40, 1.44] (3f2a91c0)", "... (3 cases, 3f2a91c0)"
  };
  using Progress = std::function<void(const std::string&)>;

  // `look`: only what the store has.
  std::optional<Verdict> verdict(const core::TaskSpec&, const Named&, bool look, const Progress&);
  // Has all of these judged of which the store has no verdict, several at a time where there are
  // cores for it: verdicts, other than times, do not suffer from company. verdict() knows them
  // then.
  struct Asked {
    const core::TaskSpec* task;
    Named implementation;
  };
  void judge(const std::vector<Asked>&, const Progress&);
  // All that the store has of a plugin.
  struct Remembered {
    std::string task, implementation;
    Verdict verdict;
  };
  std::vector<Remembered> remembered(const std::string& hash);
  // Why a case is not measured alone whoever computes it, or "".
  std::string too_large(const core::TaskSpec& task, const cases::Case& c) const {
    return cases::too_large(court_.judge.oracle().catalog(), task, c, court_.most_operations);
  }
  // What was left open is measured again, at once and the next time, but not for ever.
  std::optional<Timing> timing(const core::TaskSpec&, const cases::Case&, const Named& candidate,
                               const Named& baseline, bool look, const Progress&);

  size_t judged() const { return judged_; }         // by the Judge, now
  size_t measured() const { return measured_; }     // likewise
  size_t known() const { return known_; }           // answers out of the store
  const core::Laps& laps() const { return laps_; }  // of judging and measuring, by implementation
  store::Store* store() const { return court_.recorder.store(); }
  record::Recorder& recorder() const { return court_.recorder; }
  const record::Machine& machine() const { return court_.machine; }
  judge::Judge& judge() { return court_.judge; }
  const std::deque<judge::PluginFile>& plugins() const { return court_.plugins; }

 private:
  const judge::PluginFile* file_of(const Named&) const;
  bool counts(const core::TaskSpec&, const store::Verdict&);
  std::string context_of(const core::TaskSpec&, const Named&, const judge::PluginFile&) const;
  const store::Verdict* find(const core::TaskSpec&, const Named&, const std::string& context);
  store::Verdict keep(const core::TaskSpec&, const judge::PluginFile&, const judge::CheckRecord&,
                      const std::string& context);
  std::string full_case_set(const core::TaskSpec&);
  const std::vector<store::Measurement>& measurements(const std::string& task);
  const std::vector<store::Verdict>& verdicts(const std::string& task);
  Court court_;
  std::map<std::string, std::vector<store::Measurement>> measurements_;  // by task, newest last
  std::map<std::string, std::vector<store::Verdict>> verdicts_;
  std::map<std::string, std::string> case_sets_;
  std::set<std::string>
      fresh_;  // by task and hash: verdicts that judge() came to and verdict() has not given yet
  core::Laps laps_;
  size_t judged_ = 0, measured_ = 0, known_ = 0;
};

// Whether a measurement says nothing but that the machine was doing other things; of a refusal by
// the clocks, its text.
bool is_open(const store::Measurement&);
bool is_busy(const std::string& text);

}  // namespace fk::resolver
