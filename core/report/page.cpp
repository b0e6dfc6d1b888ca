// SPDX-License-Identifier: Apache-2.0
#include "core/report/sections.hpp"
#include "core/report/style.hpp"

namespace fk::report {
namespace {

// Nothing is fetched, and the one script that runs is kScript, by its SHA-256.
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src "
    "'sha256-+KnjALbyDDsxEWJBWck5/lBGkhfBvvkrUdwf9Qh8QO4='; base-uri 'none'; form-action 'none'";

struct Section {
  const char *id, *name;
  void (*write)(Html&, const Report&);
};
constexpr Section kSections[] = {
    {"speed", "Speed", speedup_section},       {"roofline", "Roofline", roofline_section},
    {"plans", "Plans", plan_section},          {"lineage", "Versions", lineage_section},
    {"verdicts", "Verdicts", verdict_section}, {"scores", "Scores", score_section},
};

void contents(Html& h) {
  const auto nav = h.open("nav", {{"aria-label", "Sections"}});
  const auto list = h.open("ul");
  for (const Section& s : kSections) {
    const auto item = h.open("li");
    h.leaf("a", s.name, {{"href", std::string("#") + s.id}});
  }
}

}  // namespace

std::string to_html(const Report& r) {
  Html h;
  h.constant("<!doctype html>\n");
  {
    const auto html = h.open("html", {{"lang", "en"}});
    {
      const auto head = h.open("head");
      h.empty("meta", {{"charset", "utf-8"}});
      h.empty("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", kPolicy}});
      h.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
      h.empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
      // Else a browser asks a server for an icon.
      h.empty("link", {{"rel", "icon"}, {"href", "data:,"}});
      h.leaf("title", "FastKernels report");
      const auto style = h.open("style");
      h.constant(kStyle);
    }
    const auto body = h.open("body");
    head_section(h, r);
    if (r.head.records()) {
      contents(h);
      const auto main = h.open("main");
      for (const Section& s : kSections) s.write(h, r);
    }
    const auto script = h.open("script");
    h.constant(kScript);
  }
  return h.take();
}

}  // namespace fk::report
