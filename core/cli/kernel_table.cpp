// SPDX-License-Identifier: Apache-2.0
#include "core/cli/kernel_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/cli/csv_table.hpp"
#include "core/cli/profile_tables.hpp"

namespace fk::core {
namespace {

constexpr size_t kMostLines = 40;

std::string text_of(const CsvRow& row, std::optional<size_t> column) {
  return column ? row[*column] : "";
}

std::string or_dash(int64_t n) { return n < 0 ? "-" : std::to_string(n); }

}  // namespace

std::vector<KernelLaunch> ncu_launches(const std::string& csv) {
  std::vector<KernelLaunch> out;
  const CsvTable t(csv, "gpu__time_duration.sum");
  const auto name = t.column("Kernel Name"), time = t.column("gpu__time_duration.sum"),
             grid = t.column("Grid Size"), block = t.column("Block Size"),
             compute = t.column("sm__throughput.avg.pct_of_peak_sustained_elapsed"),
             memory = t.column("gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"),
             occupancy = t.column("sm__warps_active.avg.pct_of_peak_sustained_active"),
             registers = t.column("launch__registers_per_thread"),
             fixed = t.column("launch__shared_mem_per_block_static"),
             dynamic = t.column("launch__shared_mem_per_block_dynamic"),
             stack = t.column(kNcuRanges);
  for (const CsvRow& row : t.rows()) {
    if (!name || csv_number(row, time) <= 0) continue;  // the line of units
    KernelLaunch& k = out.emplace_back();
    k.name = row[*name];
    if (const auto nodes = node_ranges(text_of(row, stack)); nodes.size() > 1)
      k.node = nodes.back();
    k.grid = text_of(row, grid);
    k.block = text_of(row, block);
    k.ns = csv_number(row, time);
    k.compute = csv_number(row, compute, -1);
    k.memory = csv_number(row, memory, -1);
    k.occupancy = csv_number(row, occupancy, -1);
    k.registers = int64_t(csv_number(row, registers, -1));
    k.shared_static = int64_t(csv_number(row, fixed, -1));
    k.shared_dynamic = int64_t(csv_number(row, dynamic, -1));
  }
  return out;
}

double sum_ns(const std::vector<KernelLaunch>& launches) {
  double sum = 0;
  for (const KernelLaunch& k : launches) sum += k.ns;
  return sum;
}

std::string launches_text(const std::vector<KernelLaunch>& launches, const std::string& indent) {
  std::string out;
  for (size_t i = 0; i < std::min(launches.size(), kMostLines); ++i) {
    const KernelLaunch& k = launches[i];
    out += fmt::format(
        "{}{:>9.2f} us  compute {:>7}  memory {:>7}  occupancy {:>7}  {:>3} registers  {} + {} B "
        "shared  {} x {}  {}{}\n",
        indent, k.ns * 1e-3, percent_text(k.compute), percent_text(k.memory),
        percent_text(k.occupancy), or_dash(k.registers), or_dash(k.shared_static),
        or_dash(k.shared_dynamic), k.grid.empty() ? "-" : k.grid, k.block.empty() ? "-" : k.block,
        k.node.empty() ? "" : k.node + ": ", k.name.substr(0, 100));
  }
  if (launches.size() > kMostLines)
    out += fmt::format("{}and {} more launches\n", indent, launches.size() - kMostLines);
  return out;
}

Json launches_json(const std::vector<KernelLaunch>& launches) {
  Json out = Json::array();
  for (const KernelLaunch& k : launches) {
    Json j = {{"name", k.name}, {"us", k.ns * 1e-3}};
    const auto add = [&](const char* key, auto value) {
      if (value >= 0) j[key] = value;
    };
    if (!k.node.empty()) j["node"] = k.node;
    add("compute_percent", k.compute);
    add("memory_percent", k.memory);
    add("occupancy_percent", k.occupancy);
    add("registers_per_thread", k.registers);
    add("shared_static_bytes", k.shared_static);
    add("shared_dynamic_bytes", k.shared_dynamic);
    if (!k.grid.empty()) j["grid"] = k.grid;
    if (!k.block.empty()) j["block"] = k.block;
    out.push_back(std::move(j));
  }
  return out;
}

}  // namespace fk::core
