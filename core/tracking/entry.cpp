// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>

namespace fk::tracking {
namespace {

using store::Measurement;
using store::PlanRecord;
using store::RunRecord;
using store::Verdict;

// Said of where and when, not asked for: tags, which a server's search finds as well as params.
const std::set<std::string> kTags = {"time", "code", "text", "device", "driver", "harness"};
// In record.json alone.
const std::set<std::string> kFileOnly = {"uuid", "samples", "record", "plan", "reasons"};
// Numbers that name something, and one that counts.
const std::set<std::string> kNames = {"level", "bad_index"};

std::string name_of(const Measurement& m) { return m.implementation + " " + m.case_id; }
std::string name_of(const Verdict& v) { return v.implementation + " " + v.task; }
std::string name_of(const PlanRecord& p) { return "plan of " + p.config; }
std::string name_of(const RunRecord& r) { return "run of " + r.config; }

bool ok(const Measurement& m) { return m.code != "REFUSED"; }
bool ok(const Verdict& v) { return v.passed; }
bool ok(const PlanRecord&) { return true; }
bool ok(const RunRecord&) { return true; }

void more(const Measurement&, Entry&) {}
void more(const Verdict& v, Entry& e) { e.metrics.push_back({"passed", double(v.passed)}); }
void more(const PlanRecord& p, Entry& e) {
  e.files.emplace_back("plan.lock.yaml", p.plan);
  e.metrics = numbers_of(p.reasons);
}
void more(const RunRecord& r, Entry& e) { e.metrics = numbers_of(r.record); }

std::string text_of(const Json& j) {
  return j.is_string() ? j.get<std::string>()
                       : j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Row>
Entry entry_of_row(const Row& given) {
  Row row = given;
  Entry e;
  e.name = name_of(row);
  e.whole = std::is_same_v<Row, PlanRecord> || std::is_same_v<Row, RunRecord>;
  e.ok = ok(row);
  more(row, e);
  if (!row.uuid.empty()) e.tags.emplace_back("fk.record", row.uuid);
  e.tags.emplace_back("fk.kind", Row::kTable);
  fields(row, [&](const std::string& field, auto& v) {
    using V = std::decay_t<decltype(v)>;
    if (kFileOnly.count(field)) return;
    const std::string name = field == "case_id" ? "case" : field;
    if constexpr (std::is_same_v<V, std::string>) {
      if (!v.empty())
        (kTags.count(name) ? e.tags : e.params)
            .emplace_back(kTags.count(name) ? "fk." + name : name, v);
    } else if constexpr (std::is_same_v<V, Json>) {
      if (!v.empty()) e.params.emplace_back(name, text_of(v));
    } else if constexpr (!std::is_same_v<V, bool>) {
      if (kNames.count(name))
        e.params.emplace_back(name, fmt::to_string(v));
      else
        e.metrics.push_back({name, double(v)});
    }
  });
  Json all = store::to_json(store::Record(row));
  e.files.emplace_back("record.json",
                       all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  return e;
}

// "" for what has no name.
std::string called_by_itself(const Json& j) {
  const auto text = [&](const char* key) {
    const auto at = j.is_object() ? j.find(key) : j.end();
    return at != j.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (const std::string name = text("name"); !name.empty()) return name;
  const std::string task = text("task"), name = text("case");
  if (!task.empty() || !name.empty())
    return task + (task.empty() || name.empty() ? "" : "/") + name;
  return text("id");
}

void add_numbers(const Json& j, const std::string& path, std::vector<Metric>& out) {
  if (j.is_number()) {
    out.push_back({path, j.get<double>()});
  } else if (j.is_object()) {
    for (const auto& [name, value] : j.items())
      add_numbers(value, path.empty() ? name : path + "/" + name, out);
  } else if (j.is_array()) {
    const bool numbers =
        std::all_of(j.begin(), j.end(), [](const Json& x) { return x.is_number(); });
    if (numbers && j.size() > 3) return;
    size_t place = 0;
    std::set<std::string> used;
    for (const Json& value : j) {
      const std::string called = called_by_itself(value);
      const std::string name =
          called.empty() || used.count(called) ? fmt::to_string(place) : called;
      ++place;
      used.insert(name);
      add_numbers(value, path.empty() ? name : path + "/" + name, out);
    }
  }
}

}  // namespace

std::vector<Metric> numbers_of(const Json& j, const std::string& prefix) {
  std::vector<Metric> out;
  add_numbers(j, prefix, out);
  return out;
}

Entry entry_of(const store::Record& record) {
  return std::visit([](const auto& row) { return entry_of_row(row); }, record);
}

}  // namespace fk::tracking
