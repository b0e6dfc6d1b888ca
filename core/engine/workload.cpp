// SPDX-License-Identifier: Apache-2.0
#include "core/engine/workload.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

// How a kind is written after its colon ('#' is a number) and how often it is measured.
struct KindRow {
  Workload::Kind kind;
  const char *name, *form, *example;
  int64_t requests;
  int repeats;
  bool warm;
};
constexpr KindRow kKinds[] = {
    {Workload::Kind::kThroughput, "throughput", "#/#", "1024/512", 1000, 1, false},
    {Workload::Kind::kSteps, "steps", "#x#:#-#", "32x1024:32-160", 1, 3, true},
    {Workload::Kind::kPrefill, "prefill", "#", "8192", 1, 9, true},
    {Workload::Kind::kLong, "long", "#", "32768", 1, 3, true},
    {Workload::Kind::kLatency, "latency", "#/#", "512/128", 256, 1, false},
};

bool read_numbers(std::string_view text, const char* form, std::vector<int64_t>& out) {
  for (; *form; ++form) {
    if (*form != '#') {
      if (text.empty() || text[0] != *form) return false;
      text.remove_prefix(1);
      continue;
    }
    int64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || n < 1 || n > (int64_t{1} << 31)) return false;
    out.push_back(n);
    text.remove_prefix(size_t(end - text.data()));
  }
  return text.empty();
}

Workload parse_one(const std::string& text, const KindRow& row) {
  std::vector<int64_t> n;
  const std::string numbers = text.substr(std::min(text.size(), std::string(row.name).size() + 1));
  if (!read_numbers(numbers, row.form, n))
    bad_input("--workload {}: expected {}:{} with numbers from 1, e.g. {}:{}", text, row.name,
              row.form, row.name, row.example);
  Workload w{row.kind, text, row.requests, n[0], 0, 1, row.repeats, row.warm, false};
  switch (row.kind) {
    case Workload::Kind::kThroughput:
    case Workload::Kind::kLatency: w.tokens = n[1]; break;
    case Workload::Kind::kSteps:
      w.requests = n[0], w.prompt = n[1], w.fewer = n[2], w.tokens = n[3];
      if (w.fewer >= w.tokens)
        bad_input("--workload {}: the second number of new tokens must be larger than the first",
                  text);
      if (w.requests == 1) w.repeats = 5;
      break;
    case Workload::Kind::kPrefill: break;
    case Workload::Kind::kLong:
      if (w.prompt < 4) bad_input("--workload {}: a context of 4 tokens is the least", text);
      w.tokens = std::min<int64_t>(128, w.prompt / 4);
      w.prompt -= w.tokens;
      break;
  }
  return w;
}

void add_named(const std::string& text, std::vector<Workload>& out) {
  const std::string name = text.substr(0, text.find(':'));
  std::vector<std::string> names;
  for (const KindRow& row : kKinds) {
    names.push_back(row.name);
    if (name != row.name) continue;
    if (name != text) return out.push_back(parse_one(text, row));
    for (const std::string& d : default_workloads())
      if (d.starts_with(name + ":")) out.push_back(parse_one(d, row)), out.back().optional = true;
    return;
  }
  bad_input("--workload {}: unknown kind '{}'{}; expected some of {}", text, name,
            did_you_mean(name, names), fmt::join(names, ", "));
}

}  // namespace

const char* Workload::kind_name() const { return kKinds[size_t(kind)].name; }

const std::vector<std::string>& default_workloads() {
  static const std::vector<std::string> all = {
      "throughput:1024/512",   // the three shapes that serving engines are compared by
      "throughput:512/512",    //
      "throughput:512/1024",   //
      "steps:1x512:1-256",     // a single stream
      "steps:32x1024:32-160",  // full batches: both times hold the same ends, where steps mix
      "steps:256x1024:32-96",  // prompts and decoding, so that the difference holds none
      "prefill:512",           //
      "prefill:8192",          //
      "long:8192",             //
      "long:32768",            //
      "long:131072",           //
      "latency:512/128",       //
  };
  return all;
}

std::vector<Workload> parse_workloads(const std::string& list) {
  std::vector<Workload> out;
  if (list.empty())
    for (const KindRow& row : kKinds) add_named(row.name, out);
  for (size_t start = 0; start < list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    if (end > start) add_named(list.substr(start, end - start), out);
    start = end + 1;
  }
  if (out.empty()) bad_input("--workload {}: the list is empty", list);
  return out;
}

}  // namespace fk::core
