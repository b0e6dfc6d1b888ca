// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "core/base/json.hpp"

namespace fk::store {

using Json = nlohmann::ordered_json;

// Each record has a table, and every field a column of its name (`fields`, below, is the one list).
// `uuid` and `time` (UTC, "2026-11-21T22:03:51.123Z") are filled in by Store::add where empty.
// Seconds are seconds; text that is not known is empty. `harness`: the source revision of fk.

// One implementation of one task timed on one case beside its baseline.
struct Measurement {
  static constexpr const char* kTable = "measurements";
  std::string uuid, time;
  std::string task;
  int64_t level = 0;                                // 1 to 4
  std::string signature, init;                      // 16 hex digits; canonical JSON
  std::string implementation, hash, version;        // plugin/name, the plugin's content hash
  std::string revision;                             // of the implementation's sources
  std::string baseline, baseline_hash;              // what `ratio` compares with
  std::string case_id, bucket, dtype;               // bucket: decode, prefill or empty
  std::string context;                              // of a composite: see record::context_of
  std::string device, driver;                       // names
  Json clocks = Json::object();                     // as locked or seen
  std::string l2_state;                             // what is cached before a call, in words
  std::string code, text;                           // FAST SAME SLOW AMBG REFUSED, and why
  double seconds = 0, baseline_seconds = 0;         // medians
  double ratio = 0, ratio_low = 0, ratio_high = 0;  // baseline / implementation, 95 % interval
  Json samples = Json::array();                     // raw: [[block, implementation, baseline]]
  Json seeds = Json::array();
  std::string harness;
  int64_t retained_bytes = 0;  // what the implementation keeps on its device
};

// The Judge's word on one implementation, by its plugin's hash, on a set of cases.
struct Verdict {
  static constexpr const char* kTable = "verdicts";
  std::string uuid, time;
  std::string task;
  int64_t level = 0;
  std::string signature;
  std::string implementation, hash, version, revision;
  std::string case_set;  // a hash of the cases asked
  std::string context;   // of a composite: see record::context_of
  std::string device, driver;
  bool passed = false;
  std::string code, text;       // pass, or the first failure's code; its words
  std::string case_id, tensor;  // of the first failure
  int64_t bad_index = 0;
  double expected = 0, found = 0, error = 0, bound = 0;  // NaN and infinities are kept
  double coverage = 0;
  Json record = Json::object();  // the whole of it
  Json seeds = Json::array();
  std::string harness;
};

struct PlanRecord {
  static constexpr const char* kTable = "plans";
  std::string uuid, time;
  std::string config, policy, device, driver, plan_hash;
  std::string plan;  // the lock file's text
  Json reasons = Json::array();
  std::string harness;
};

// A model that was run or measured.
struct RunRecord {
  static constexpr const char* kTable = "runs";
  std::string uuid, time;
  Json command = Json::array();  // its words
  std::string config, plan_hash, device, driver;
  Json record = Json::object();
  std::string harness;
};

template <class F>
void fields(Measurement& r, F&& f) {
  f("uuid", r.uuid), f("time", r.time), f("task", r.task), f("level", r.level);
  f("signature", r.signature), f("init", r.init), f("implementation", r.implementation);
  f("hash", r.hash), f("version", r.version), f("revision", r.revision);
  f("baseline", r.baseline), f("baseline_hash", r.baseline_hash), f("case_id", r.case_id);
  f("bucket", r.bucket), f("dtype", r.dtype), f("context", r.context);
  f("device", r.device), f("driver", r.driver);
  f("clocks", r.clocks), f("l2_state", r.l2_state), f("code", r.code), f("text", r.text);
  f("seconds", r.seconds), f("baseline_seconds", r.baseline_seconds), f("ratio", r.ratio);
  f("ratio_low", r.ratio_low), f("ratio_high", r.ratio_high);
  f("retained_bytes", r.retained_bytes), f("samples", r.samples), f("seeds", r.seeds);
  f("harness", r.harness);
}

template <class F>
void fields(Verdict& r, F&& f) {
  f("uuid", r.uuid), f("time", r.time), f("task", r.task), f("level", r.level);
  f("signature", r.signature), f("implementation", r.implementation), f("hash", r.hash);
  f("version", r.version), f("revision", r.revision), f("case_set", r.case_set);
  f("context", r.context);
  f("device", r.device), f("driver", r.driver), f("passed", r.passed), f("code", r.code);
  f("text", r.text), f("case_id", r.case_id), f("tensor", r.tensor), f("bad_index", r.bad_index);
  f("expected", r.expected), f("found", r.found), f("error", r.error), f("bound", r.bound);
  f("coverage", r.coverage), f("record", r.record), f("seeds", r.seeds), f("harness", r.harness);
}

template <class F>
void fields(PlanRecord& r, F&& f) {
  f("uuid", r.uuid), f("time", r.time), f("config", r.config), f("policy", r.policy);
  f("device", r.device), f("driver", r.driver), f("plan_hash", r.plan_hash), f("plan", r.plan);
  f("reasons", r.reasons), f("harness", r.harness);
}

template <class F>
void fields(RunRecord& r, F&& f) {
  f("uuid", r.uuid), f("time", r.time), f("command", r.command), f("config", r.config);
  f("plan_hash", r.plan_hash), f("device", r.device), f("driver", r.driver);
  f("record", r.record), f("harness", r.harness);
}

using Record = std::variant<Measurement, Verdict, PlanRecord, RunRecord>;

// Names and values in the order of `fields`; NaN and infinities as "nan", "inf", "-inf", which JSON
// has no numbers for.
Json to_json(const Record&);
std::string csv_header(const Record&);
// RFC 4180: quotes where they are needed, JSON fields as text.
std::string csv_line(const Record&);

}  // namespace fk::store
