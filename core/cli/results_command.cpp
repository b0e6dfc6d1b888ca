// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"
#include "core/store/store.hpp"

namespace fk::core {
namespace {

using store::Filter;
using store::Measurement;
using store::PlanRecord;
using store::Record;
using store::RunRecord;
using store::short_id;
using store::Store;
using store::Verdict;

std::string short_time(const std::string& time) {
  return time.size() < 19 ? time : time.substr(0, 10) + " " + time.substr(11, 8);
}

void print_line(const Measurement& m) {
  fmt::print("{}  {}  {:<24} {:<20} {:<28} {:<5} {:.3f}x [{:.3f}, {:.3f}]  {:.2f} us\n",
             short_id(m.uuid), short_time(m.time), m.task, m.implementation, m.case_id, m.code,
             m.ratio, m.ratio_low, m.ratio_high, m.seconds * 1e6);
}
void print_line(const Verdict& v) {
  fmt::print("{}  {}  {:<24} {:<20} {}  {}  {}\n", short_id(v.uuid), short_time(v.time), v.task,
             v.implementation, v.hash.substr(0, 8), v.passed ? "PASS" : "FAIL",
             v.passed ? fmt::format("coverage {:.0f} %", 100 * v.coverage)
                      : fmt::format("{}{}{}", v.code, v.case_id.empty() ? "" : " at ", v.case_id));
}
void print_line(const PlanRecord& p) {
  fmt::print("{}  {}  {}  {:<10} {}  {}\n", short_id(p.uuid), short_time(p.time),
             p.plan_hash.substr(0, 8), p.policy, p.config, p.device);
}
void print_line(const RunRecord& r) {
  fmt::print("{}  {}  {}  {}  {}\n", short_id(r.uuid), short_time(r.time), r.plan_hash.substr(0, 8),
             r.config, r.device);
}

std::string shell_word(const std::string& w) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("_-./:=,@+%").find(char(c)) != std::string_view::npos;
  };
  if (!w.empty() && std::all_of(w.begin(), w.end(), plain)) return w;
  std::string out = "'";
  for (char c : w) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string shell_line(const Words& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + shell_word(w);
  return out;
}

void add_case(Words& words, const std::string& name, const Json& seeds) {
  if (!name.empty()) words.insert(words.end(), {"--case", name});
  if (seeds.is_array() && seeds.size() == 1)
    words.insert(words.end(),
                 {"--seed", seeds[0].is_string() ? seeds[0].get<std::string>() : seeds[0].dump()});
}

// "mine/fast@3f2a91c0": the version that was measured, even when the file has changed since.
std::string versioned(const std::string& implementation, const std::string& hash) {
  return hash.empty() ? implementation : implementation + "@" + hash.substr(0, 16);
}

void add_threads(Words& words, const Json& record) {
  const Json threads = record.is_object() ? record.value("threads", Json()) : Json();
  if (threads.is_number_integer()) words.insert(words.end(), {"--threads", threads.dump()});
}

// Of a card; what says nothing of one was the CPU.
void add_device(Words& words, const Json& record) {
  const Json device = record.is_object() ? record.value("device", Json()) : Json();
  if (device.is_string()) words.insert(words.end(), {"--device", device.get<std::string>()});
}

// The command whose numbers the record holds.
std::string again(const Measurement& m) {
  Words w = {"fk", "bench", m.task, "--impl", versioned(m.implementation, m.hash)};
  if (!m.baseline.empty()) w.insert(w.end(), {"--against", versioned(m.baseline, m.baseline_hash)});
  add_case(w, m.case_id, m.seeds);
  add_threads(w, m.clocks);
  add_device(w, m.clocks);
  return shell_line(w);
}
std::string again(const Verdict& v) {
  Words w = {"fk", "check", v.task, "--impl", versioned(v.implementation, v.hash)};
  add_case(w, v.record.is_object() ? v.record.value("only", "") : "", v.seeds);
  add_threads(w, v.record);
  add_device(w, v.record);
  return shell_line(w);
}
std::string again(const PlanRecord& p) {
  return fmt::format(
      "fk results show {0} --field plan > {0}.lock.yaml && {1}", short_id(p.uuid),
      shell_line({"fk", "run", "--config", p.config, "--plan", short_id(p.uuid) + ".lock.yaml"}));
}
std::string again(const RunRecord& r) {
  Words words;
  for (const Json& w : r.command) words.push_back(w.is_string() ? w.get<std::string>() : w.dump());
  if (words.empty()) bad_input("{}: the record has no command", r.uuid);
  return shell_line(words);
}

int show_command(const Words& words) {
  CLI::App app{"Prints one record whole.", "fk results show"};
  StoreFlags place;
  std::string id, field;
  bool json = false;
  app.add_option("id", id, "its id, or the beginning of it")->required();
  app.add_option("--field", field, "only this field, as it is");
  app.add_flag("--json", json, "as JSON on one line");
  place.add_to(app);
  if (!parse_flags(app, words)) return 0;
  const Json all = store::to_json(place.to_read().get(id));
  const auto text = [](const Json& v) {
    return v.is_string() ? v.get<std::string>()
                         : v.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  if (!field.empty()) {
    std::vector<std::string> names;
    for (const auto& [name, v] : all.items()) names.push_back(name);
    if (!all.contains(field))
      bad_input("--field {}: the record has no such field{}; it has {}", field,
                did_you_mean(field, names), fmt::join(names, ", "));
    fmt::print("{}\n", text(all[field]));
  } else if (json) {
    fmt::print("{}\n", json_line(all));
  } else {
    for (const auto& [name, v] : all.items()) fmt::print("{:<18} {}\n", name, text(v));
  }
  return 0;
}

int rerun_command(const Words& words) {
  CLI::App app{
      "Prints the command that takes the record's numbers again, with the versions, the seeds and "
      "the threads of then. A version that is no longer in its folder comes out of the cache of "
      "plugins, as long as it lies there.",
      "fk results rerun"};
  StoreFlags place;
  std::string id;
  bool json = false;
  app.add_option("id", id, "its id, or the beginning of it")->required();
  app.add_flag("--json", json, "as JSON");
  place.add_to(app);
  if (!parse_flags(app, words)) return 0;
  const Record record = place.to_read().get(id);
  const std::string command = std::visit([](const auto& r) { return again(r); }, record);
  if (json)
    fmt::print("{}\n", json_line({{"uuid", store::to_json(record)["uuid"]}, {"command", command}}));
  else
    fmt::print("{}\n", command);
  return 0;
}

int import_command(const Words& words) {
  CLI::App app{
      "Takes over the records of another store that this one lacks; doing it again changes "
      "nothing. "
      "The other file is only read.",
      "fk results import"};
  StoreFlags place;
  std::string file;
  bool json = false;
  app.add_option("file", file, "the other store")->type_name("FILE")->required();
  app.add_flag("--json", json, "as JSON");
  place.add_to(app);
  if (!parse_flags(app, words)) return 0;
  Store store(place.path());
  Json out = Json::object();
  for (const Store::Imported& i : store.import(file)) {
    out[i.table] = {{"added", i.added}, {"known", i.known}};
    if (!json) fmt::print("{:<14} {} added, {} were there\n", i.table, i.added, i.known);
  }
  if (json) fmt::print("{}\n", json_line(out));
  return 0;
}

struct Listing {
  Filter filter;
  bool json = false;
  std::string format;  // of an export
  bool first = true;
};

template <class Row>
void list(Store& store, Listing& l) {
  const bool csv = l.format == "csv";
  if (csv) fmt::print("{}", store::csv_header(Row{}));
  if (l.format == "json") fmt::print("{}\"{}\":[", l.first ? "" : ",", Row::kTable);
  l.first = false;
  size_t count = 0;
  store.each<Row>(l.filter, [&](const Row& row) {
    if (csv)
      fmt::print("{}", store::csv_line(row));
    else if (l.format == "json")
      fmt::print("{}\n{}", count ? "," : "", json_line(store::to_json(row)));
    else if (l.json)
      fmt::print("{}\n", json_line(store::to_json(row)));
    else
      print_line(row);
    ++count;
  });
  if (l.format == "json") fmt::print("]");
  if (count == 0 && l.format.empty() && !l.json)
    fmt::print(stderr, "no {} of that kind in {}\n", Row::kTable, store.path());
}

struct Table {
  const char* name;
  void (*run)(Store&, Listing&);
  bool of_tasks;
};
constexpr Table kTables[] = {{Measurement::kTable, list<Measurement>, true},
                             {Verdict::kTable, list<Verdict>, true},
                             {PlanRecord::kTable, list<PlanRecord>, false},
                             {RunRecord::kTable, list<RunRecord>, false}};

int listing_command(const Words& words) {
  CLI::App app{
      "The results store: what was ever measured, judged, planned and run.\n"
      "  fk results [filters]         lists, oldest first\n"
      "  fk results show ID           one record whole, raw samples included\n"
      "  fk results rerun ID          the command that takes its numbers again\n"
      "  fk results import FILE       adds the records of another store",
      "fk results"};
  StoreFlags place;
  Listing l;
  std::string kind, since;
  l.filter.limit = 50;
  app.add_option("--kind", kind, "measurements (default; json exports all), verdicts, plans, runs");
  app.add_option("--task", l.filter.task, "of this task");
  app.add_option("--impl", l.filter.implementation,
                 "of this implementation: plugin or plugin/name");
  app.add_option("--hash", l.filter.hash, "of a plugin or plan whose hash begins so");
  app.add_option("--case", l.filter.case_id,
                 "of this case, and of all whose names begin with it and a /");
  app.add_option("--since", since,
                 "not before: 2026-11-21, 2026-11-21T08:30, 30m, 12h or 7d (UTC)");
  auto* limit =
      app.add_option("--limit", l.filter.limit, "the newest so many (default 50, exports all)")
          ->check(CLI::PositiveNumber);
  app.add_option("--export", l.format, "json (one document) or csv, to standard output")
      ->type_name("FORMAT");
  app.add_flag("--json", l.json, "as JSON, one line a record");
  place.add_to(app);
  if (!parse_flags(app, words)) return 0;
  if (!l.format.empty() && l.format != "json" && l.format != "csv")
    bad_input("--export {}: expected json or csv", l.format);
  if (!l.format.empty() && limit->count() == 0) l.filter.limit = -1;
  l.filter.since = since_when(since);
  const bool all = kind.empty() && l.format == "json";
  if (kind.empty()) kind = Measurement::kTable;
  std::vector<std::string> names;
  const Table* table = nullptr;
  for (const Table& t : kTables) {
    names.push_back(t.name);
    if (kind == t.name) table = &t;
  }
  if (!table)
    bad_input("--kind {}: expected {}{}", kind, fmt::join(names, ", "), did_you_mean(kind, names));
  if (!table->of_tasks && !(l.filter.task + l.filter.implementation + l.filter.case_id).empty())
    bad_input(
        "--kind {}: these have no task, implementation or case; --hash and --since filter them",
        kind);
  Store store = place.to_read();
  if (l.format == "json") fmt::print("{{\"store\":{},", Json(store.path()).dump());
  for (const Table& t : kTables)
    if (all || &t == table) t.run(store, l);
  if (l.format == "json") fmt::print("}}\n");
  return 0;
}

}  // namespace

int results_command(const Words& words) {
  if (!words.empty()) {
    const Words rest(words.begin() + 1, words.end());
    if (words[0] == "show") return show_command(rest);
    if (words[0] == "rerun") return rerun_command(rest);
    if (words[0] == "import") return import_command(rest);
    if (!words[0].starts_with("-"))
      bad_input(
          "cannot {} results{}; fk results does show, rerun and import, and lists without a word",
          words[0], did_you_mean(words[0], Words{"show", "rerun", "import"}));
  }
  return listing_command(words);
}

}  // namespace fk::core
