// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iostream>

#include "core/base/error.hpp"
#include "core/cli/flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"
#include "core/cli/workspace.hpp"
#include "core/report/report.hpp"

namespace fk::core {
namespace {

// Whole or not at all: a page that is being read is never half written.
void write_file(const std::string& file, const std::string& text) {
  const std::filesystem::path path = file, temporary = file + ".part";
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (!out || error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    bad_input("--out {}: cannot be written; is its folder there, and may you write to it?", file);
  }
}

}  // namespace

int report_command(const Words& words) {
  CLI::App app{
      "Writes one page about what the results store holds: speeds, roofline, plans, versions, "
      "verdicts and scores. The page needs nothing but itself.",
      "fk report"};
  StoreFlags place;
  report::Options options;
  std::string out = "report.html";
  bool json = false;
  app.add_option("--out", out, "the page (default: report.html; - for standard output)")
      ->type_name("FILE");
  app.add_option("--since", options.since,
                 "records not before: 2026-11-21, 2026-11-21T08:30, 30m, 12h or 7d (UTC)");
  app.add_option("--config", options.config, "the plans of this config alone");
  app.add_flag("--json", json, "the same numbers as JSON, to standard output; no page");
  place.add_to(app);
  if (!parse_flags(app, words)) return 0;
  options.since = since_when(options.since);
  store::Store store = place.to_read();
  const Registry registry = Registry::load(find_paths().registry);
  const report::Report r = report::gather(store, registry, options);
  if (json) {
    fmt::print("{}\n", json_line(report::to_json(r)));
  } else if (out == "-") {
    std::cout << report::to_html(r) << std::flush;
  } else {
    write_file(out, report::to_html(r));
    const report::Head& h = r.head;
    fmt::print("{}: {} measurements, {} verdicts, {} plans, {} runs\n", out, h.measurements,
               h.verdicts, h.plans, h.runs);
  }
  return 0;
}

}  // namespace fk::core
