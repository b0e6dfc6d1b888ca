// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/captured_cases.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/dtype.hpp"
#include "core/judge/cases/numbers.hpp"

namespace fk::cases {
namespace {

using core::CapturedCall;

// The engine's own, of which a case makes as many as it needs.
bool is_host_size(const std::string& name) {
  return name == "num_blocks" || name == "num_slots" || name == "num_seqs" || name == "max_blocks";
}

// "n=1,c=37": the rows; and of sequences how many, and the longest query and context.
std::string words(const CapturedCall& c) {
  std::string out;
  const auto add = [&](const char* name, int64_t size) {
    out += fmt::format("{}{}={}", out.empty() ? "" : ",", name, size);
  };
  for (const char* name : {"n", "m", "d"})
    if (const auto at = c.dims.find(name); at != c.dims.end()) add(name, at->second);
  if (c.seqs.empty()) return out;
  int64_t query = 0, context = 0;
  for (const auto& s : c.seqs)
    query = std::max(query, s.query), context = std::max(context, s.context);
  add("s", int64_t(c.seqs.size()));
  add("q", query);
  add("c", context);
  return out;
}

// The cache blocks of the sequences, one sequence after the other, by their rank among all that the
// step uses: as many as that, in the order of the engine's. Empty where the table is not known.
std::vector<int64_t> blocks_of(const CapturedCall& c) {
  const auto table = c.values.find("step.block_table");
  const auto size = c.dims.find("block_size");
  if (table == c.values.end() || size == c.dims.end() || size->second < 1 || c.seqs.empty())
    return {};
  const size_t columns = table->second.size() / c.seqs.size();
  std::vector<int64_t> held;
  for (size_t s = 0; s < c.seqs.size(); ++s) {
    const int64_t length = c.seqs[s].context + c.seqs[s].query;
    const auto count = size_t((length + size->second - 1) / size->second);
    if (count > columns) return {};
    for (size_t b = 0; b < count; ++b) held.push_back(int64_t(table->second[s * columns + b]));
  }
  std::vector<int64_t> sorted = held;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (!sorted.empty() && sorted[0] < 0) return {};
  for (int64_t& b : held) b = std::lower_bound(sorted.begin(), sorted.end(), b) - sorted.begin();
  return held;
}

std::string content(const CapturedCall& c) {
  std::string text = fmt::format("{} {} {} {}", c.task, phase_name(c.phase),
                                 core::dtype_name(c.dtype), c.case_init.dump());
  for (const auto& [name, size] : c.dims)
    if (!is_host_size(name)) text += fmt::format(" {}={}", name, size);
  for (const auto& s : c.seqs) text += fmt::format(" {}+{}", s.context, s.query);
  for (const std::string& name : c.wide) text += " wide " + name;
  for (const std::string& name : c.absent) text += " without " + name;
  return text;
}

}  // namespace

Case case_of(const CapturedCall& call) {
  Case c;
  const uint64_t hash = seed_of(0, content(call));
  const std::string sizes = words(call);
  c.name = fmt::format("captured/{}/{}{}{:08x}", phase_name(call.phase), sizes,
                       sizes.empty() ? "" : "-", uint32_t(hash ^ (hash >> 32)));
  c.family = c.name;
  c.init = call.case_init;
  c.dtype = call.dtype;
  c.weight = call.seconds;
  c.own = true;
  c.decode = call.phase == core::Phase::kDecode;
  c.wide_tensors = call.wide;
  c.absent = call.absent;
  for (const auto& [name, size] : call.dims)
    if (!is_host_size(name)) c.dims[name] = size;
  for (const auto& s : call.seqs) c.seqs.push_back({s.query, s.context});
  c.blocks = blocks_of(call);
  for (const auto& [name, values] : call.values)
    if (!name.starts_with("step.") && !values.empty()) c.inputs[name] = values;
  const auto slots = call.values.find("step.slot_mapping");
  c.no_slots =
      slots != call.values.end() && !slots->second.empty() &&
      std::all_of(slots->second.begin(), slots->second.end(), [](double v) { return v < 0; });
  return c;
}

}  // namespace fk::cases
