// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/capture_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

constexpr int kVersion = 1;
constexpr const char* kName = "capture.json";

// Equal neighbours as one: [query, context, how many].
Json sequences(const std::vector<CapturedCall::Sequence>& seqs) {
  Json out = Json::array();
  for (const auto& s : seqs) {
    if (!out.empty() && out.back()[0] == s.query && out.back()[1] == s.context)
      out.back()[2] = out.back()[2].get<int64_t>() + 1;
    else
      out.push_back({s.query, s.context, 1});
  }
  return out;
}

// Integers as such: 1 is an index, 1.0 is none.
Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double v : values) {
    if (v == std::floor(v) && std::abs(v) <= 0x1p53)
      out.push_back(int64_t(v));
    else if (std::isfinite(v))
      out.push_back(v);
    else
      out.push_back(std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
  }
  return out;
}

Json call_json(const CapturedCall& c, double all, const std::set<std::string>& of_task) {
  Json j = {{"task", c.task},
            {"phase", phase_name(c.phase)},
            {"dtype", dtype_name(c.dtype)},
            {"calls", c.calls},
            {"seconds", c.seconds},
            {"self_seconds", c.self_seconds},
            {"self_share", all > 0 ? std::round(1e4 * c.self_seconds / all) / 1e4 : 0.0},
            {"implementation", c.implementation},
            {"paths", path_patterns(c.paths, of_task)},
            {"init", c.case_init}};
  if (c.init != c.case_init.dump()) j["node_init"] = c.init;
  j["dims"] = Json::object();
  for (const auto& [name, size] : c.dims) j["dims"][name] = size;
  if (!c.seqs.empty()) j["seqs"] = sequences(c.seqs);
  if (!c.wide.empty()) j["wide"] = c.wide;
  if (!c.absent.empty()) j["absent"] = c.absent;
  if (!c.values.empty()) {
    j["values"] = Json::object();
    for (const auto& [name, values] : c.values) j["values"][name] = numbers(values);
  }
  return j;
}

std::string line(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }

// One place of the file: what is there and how it is called.
class Place {
 public:
  Place(std::string file, std::string name, const Json& value)
      : file_(std::move(file)), name_(std::move(name)), value_(value) {}

  [[noreturn]] void wrong(const std::string& expected) const {
    std::string found = line(value_);
    if (found.size() > 60) found = found.substr(0, 60) + "...";
    bad_input("{}: {}: found {}, expected {}", file_, name_, found, expected);
  }
  [[noreturn]] void refuse(const std::string& text) const {
    bad_input("{}: {}: {}", file_, name_, text);
  }
  // Every key is one of these, and those without '?' are there.
  void keys(const std::vector<std::string>& names) const {
    if (!value_.is_object()) wrong("an object");
    std::vector<std::string> known;
    for (const std::string& n : names) {
      const bool may_lack = n.ends_with('?');
      known.push_back(n.substr(0, n.size() - may_lack));
      if (!may_lack && !value_.contains(n))
        bad_input("{}: {}: has no \"{}\", expected one; write it again with fk-run --capture",
                  file_, name_, n);
    }
    for (const auto& [key, v] : value_.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        bad_input("{}: {}: unknown field \"{}\", expected one of: {}{}", file_, name_, key,
                  fmt::join(known, ", "), did_you_mean(key, known));
  }
  bool has(const char* key) const { return value_.contains(key); }
  Place at(const std::string& key) const {
    return {file_, name_ == "file" ? key : name_ + "." + key, value_.at(key)};
  }
  std::string text() const {
    if (!value_.is_string()) wrong("a text");
    return value_.get<std::string>();
  }
  int64_t integer(int64_t least) const {
    if (!value_.is_number_integer() ||
        (value_.is_number_unsigned() && value_.get<uint64_t>() > uint64_t(INT64_MAX)) ||
        value_.get<int64_t>() < least)
      wrong(fmt::format("an integer of at least {}", least));
    return value_.get<int64_t>();
  }
  double seconds() const {
    if (!value_.is_number() || !(value_.get<double>() >= 0)) wrong("seconds");
    return value_.get<double>();
  }
  double number() const {
    if (value_.is_number()) return value_.get<double>();
    if (value_ == "nan") return NAN;
    if (value_ == "inf" || value_ == "-inf") return value_ == "inf" ? INFINITY : -INFINITY;
    wrong("a number");
  }
  template <class F>  // f(place) for every element
  void each(const char* expected, const F& f) const {
    if (!value_.is_array()) wrong(expected);
    for (size_t i = 0; i < value_.size(); ++i)
      f(Place(file_, fmt::format("{}[{}]", name_, i), value_[i]));
  }
  template <class F>  // f(key, place) for every field
  void fields(const char* expected, const F& f) const {
    if (!value_.is_object()) wrong(expected);
    for (const auto& [key, v] : value_.items()) f(key, at(key));
  }
  std::set<std::string> names() const {
    std::set<std::string> out;
    each("a list of names", [&](const Place& p) { out.insert(p.text()); });
    return out;
  }
  const Json& json() const { return value_; }

 private:
  std::string file_, name_;
  const Json& value_;
};

Phase phase_of(const Place& p) {
  for (const Phase phase : {Phase::kPrefill, Phase::kDecode})
    if (p.json() == phase_name(phase)) return phase;
  p.wrong("prefill or decode");
}

void check_tensors(const Place& p, const TaskSpec& task, const std::set<std::string>& names) {
  std::vector<std::string> known;
  for (const Field& f : task.args)
    if (f.type == FieldType::kTensor) known.push_back(f.name);
  for (const std::string& n : names)
    if (std::find(known.begin(), known.end(), n) == known.end())
      p.refuse(fmt::format("{} has no tensor \"{}\", expected one of: {}{}", task.name, n,
                           fmt::join(known, ", "), did_you_mean(n, known)));
}

std::vector<CapturedCall::Sequence> read_sequences(const Place& p) {
  std::vector<CapturedCall::Sequence> out;
  p.each("a list of [query, context, how many]", [&](const Place& s) {
    std::vector<int64_t> three;
    s.each("[query, context, how many]",
           [&](const Place& v) { three.push_back(v.integer(three.size() == 1 ? -1 : 1)); });
    if (three.size() != 3) s.wrong("[query, context, how many]");
    if (three[1] < 0 && three[0] != 1) s.wrong("a query of 1, as a sequence that pads has");
    if (three[2] > (1 << 20)) s.wrong("at most 1048576 sequences");
    out.insert(out.end(), size_t(three[2]), {three[0], three[1]});
  });
  return out;
}

// Every size that a shape names is there, and the rows are those of the sequences.
void check_sizes(const Place& p, const TaskSpec& task, const InitValue& init,
                 const CapturedCall& c) {
  int64_t tokens = 0;
  for (const auto& s : c.seqs) tokens += s.query;
  if (const auto n = c.dims.find("n"); !c.seqs.empty() && n != c.dims.end() && n->second != tokens)
    p.refuse(fmt::format("n is {}, and its seqs have {} tokens", n->second, tokens));
  const std::set<std::string> hosts{"num_seqs", "num_blocks", "num_slots", "block_size"};
  const Lookup known = [&](std::string_view name) -> std::optional<Value> {
    if (const auto at = c.dims.find(std::string(name)); at != c.dims.end())
      return Value(at->second);
    return init.lookup(name);
  };
  for (const Field& f : task.args) {
    if (c.absent.contains(f.name) || (f.when && !f.when->eval_bool(known))) continue;
    for (const Expr& e : f.tensor.shape)
      for (const std::string& name : e.names())
        if (!known(name) && (task.step.empty() || !hosts.contains(name)))
          p.refuse(
              fmt::format("has no \"{}\", which is a size of {} of {}", name, f.name, task.name));
  }
}

CapturedCall read_call(const Place& p, const Registry& registry) {
  p.keys({"task", "phase", "dtype", "calls", "seconds", "self_seconds", "self_share?",
          "implementation", "paths", "init", "node_init?", "dims", "seqs?", "wide?", "absent?",
          "values?"});
  CapturedCall c;
  c.task = p.at("task").text();
  const TaskSpec* task = registry.find(c.task);
  if (!task) {
    std::vector<std::string> names;
    for (const auto& [name, spec] : registry.tasks()) names.push_back(name);
    p.at("task").refuse(fmt::format("no task {}{}", c.task, did_you_mean(c.task, names)));
  }
  c.phase = phase_of(p.at("phase"));
  const auto dtype = parse_dtype(p.at("dtype").text());
  if (!dtype) p.at("dtype").wrong("a dtype such as \"float32\"");
  c.dtype = *dtype;
  c.calls = p.at("calls").integer(1);
  c.seconds = p.at("seconds").seconds();
  c.self_seconds = p.at("self_seconds").seconds();
  c.implementation = p.at("implementation").text();
  c.paths = p.at("paths").names();
  c.case_init = p.at("init").json();
  std::optional<InitValue> init;
  try {
    init = InitValue::from_json(registry, *task, c.case_init);
  } catch (const Error& e) { p.at("init").refuse(e.text()); }
  c.init = p.has("node_init") ? p.at("node_init").text() : c.case_init.dump();
  p.at("dims").fields("sizes by name", [&](const std::string& name, const Place& size) {
    c.dims[name] = size.integer(0);
  });
  if (p.has("seqs")) {
    if (task->step.empty()) p.at("seqs").refuse(task->name + " takes no step, expected no seqs");
    c.seqs = read_sequences(p.at("seqs"));
  }
  for (auto [key, names] : {std::pair{"wide", &c.wide}, {"absent", &c.absent}}) {
    if (!p.has(key)) continue;
    *names = p.at(key).names();
    check_tensors(p.at(key), *task, *names);
  }
  check_sizes(p.at("dims"), *task, *init, c);
  if (p.has("values"))
    p.at("values").fields("lists by name", [&](const std::string& name, const Place& list) {
      if (!name.starts_with("step.")) check_tensors(list, *task, {name});
      list.each("a list of numbers", [&](const Place& v) { c.values[name].push_back(v.number()); });
    });
  return c;
}

}  // namespace

void write_capture(const std::filesystem::path& folder, const CaptureFile& file) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto path = folder / kName;
  std::ofstream out(path);
  double all = 0;
  std::map<std::string, std::set<std::string>> paths;  // by task
  for (const CapturedCall& c : file.calls) {
    all += c.self_seconds;
    paths[c.task].insert(c.paths.begin(), c.paths.end());
  }
  out << "{\n \"capture\": " << kVersion;
  for (const auto& [key, text] : {std::pair{"config", file.config},
                                  {"model", file.model},
                                  {"device", file.device},
                                  {"date", file.date},
                                  {"revision", file.revision}})
    out << ",\n \"" << key << "\": " << line(text);
  out << ",\n \"calls\": [";
  for (size_t i = 0; i < file.calls.size(); ++i)
    out << (i ? ",\n  " : "\n  ") << line(call_json(file.calls[i], all, paths[file.calls[i].task]));
  out << "\n ]\n}\n";
  out.close();
  if (!out)
    bad_input("{}: cannot be written{}", path.string(),
              failed ? ": " + failed.message() : "; is there room, and may you?");
}

CaptureFile read_capture(const std::filesystem::path& folder, const Registry& registry) {
  const auto path = folder / kName;
  std::ifstream in(path);
  if (!in)
    bad_input("{}: not there; `fk-run --config FILE --prompt TEXT --capture {}` writes it",
              path.string(), folder.string());
  Json json;
  try {
    json = Json::parse(in);
  } catch (const nlohmann::json::exception& e) {
    bad_input("{}: no JSON: {}", path.string(), e.what());
  }
  const Place file(path.string(), "file", json);
  if (json.is_object() && json.contains("capture") && json["capture"] != kVersion)
    file.at("capture").wrong(fmt::format("{}; write it again with fk-run --capture", kVersion));
  file.keys({"capture", "config", "model", "device", "date", "revision", "calls"});
  CaptureFile out;
  for (auto [key, text] : {std::pair{"config", &out.config},
                           {"model", &out.model},
                           {"device", &out.device},
                           {"date", &out.date},
                           {"revision", &out.revision}})
    *text = file.at(key).text();
  file.at("calls").each("a list of calls",
                        [&](const Place& p) { out.calls.push_back(read_call(p, registry)); });
  return out;
}

}  // namespace fk::core
