// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/report/numbers.hpp"
#include "core/report/scale.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

// Units of the drawing; a phone shows them one to one.
constexpr double kWidth = 360, kHeight = 280, kLeft = 46, kRight = 10, kTop = 10, kBottom = 36;

// "100 G" of a power of ten.
std::string power_text(double v) {
  constexpr const char* kPrefixes[] = {"", " k", " M", " G", " T", " P", " E"};
  size_t at = 0;
  for (; v >= 999 && at + 1 < std::size(kPrefixes); ++at) v /= 1000;
  return fmt::format("{:.3g}{}", v, kPrefixes[at]);
}

// The machine's plot: its points, its ceilings, its axes.
class Plot {
 public:
  Plot(Html& h, const Report& r, const std::string& device)
      : h_(h),
        r_(r),
        device_(device),
        ceiling_(find()),
        x_(xs(), 0.5, 2, 10, 1e6),
        y_(ys(), middle() / 2, middle() * 2, 10, 1e12) {}

  void draw() {
    const auto figure = h_.open("figure", {{"class", "plot"}});
    h_.leaf("figcaption", caption());
    const auto svg = h_.open(
        "svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                {"role", "img"},
                {"aria-label", "Roofline: " + caption() + " The table below has the numbers."}});
    axes();
    if (ceiling_) roof();
    for (const Point& p : r_.roofline.points)
      if (r_.bars[p.bar].device == device_) point(p);
  }

 private:
  const Ceiling* find() const {
    for (const Ceiling& c : r_.roofline.ceilings)
      if (c.device == device_) return &c;
    return nullptr;
  }
  std::string caption() const {
    std::string out = device_.empty() ? "Machine not named." : device_ + ".";
    if (!ceiling_) return out + " Its ceilings are not known: no run in the store names them.";
    if (ceiling_->bytes_per_s > 0)
      out += " Memory " + scaled_text(ceiling_->bytes_per_s, "B/s") + ";";
    if (ceiling_->flops_per_s > 0)
      out += " arithmetic " + scaled_text(ceiling_->flops_per_s, "FLOP/s") + ";";
    return out + fmt::format(" {} (run {}).", ceiling_->source, ceiling_->id);
  }
  std::vector<double> xs() const {
    std::vector<double> out;
    for (const Point& p : r_.roofline.points)
      if (r_.bars[p.bar].device == device_) out.push_back(p.intensity);
    // The ridge, where both ceilings meet.
    if (ceiling_ && ceiling_->bytes_per_s > 0)
      out.push_back(ceiling_->flops_per_s / ceiling_->bytes_per_s);
    return out;
  }
  std::vector<double> ys() const {
    std::vector<double> out;
    for (const Point& p : r_.roofline.points)
      if (r_.bars[p.bar].device == device_) {
        out.push_back(p.flops_per_s);
        if (p.baseline_flops_per_s > 0) out.push_back(p.baseline_flops_per_s);
      }
    if (ceiling_) out.push_back(ceiling_->flops_per_s);
    return out;
  }
  double middle() const {
    double sum = 0, n = 0;
    for (const Point& p : r_.roofline.points)
      if (r_.bars[p.bar].device == device_) sum += std::log(p.flops_per_s), ++n;
    return n > 0 ? std::exp(sum / n) : 1e9;
  }
  double x(double v) const { return kLeft + x_.at(v) * (kWidth - kLeft - kRight); }
  double y(double v) const { return kHeight - kBottom - y_.at(v) * (kHeight - kTop - kBottom); }

  void line(double x1, double y1, double x2, double y2, const char* style) {
    h_.empty("line", {{"x1", coordinate(x1)},
                      {"y1", coordinate(y1)},
                      {"x2", coordinate(x2)},
                      {"y2", coordinate(y2)},
                      {"class", style}});
  }
  void words(double at_x, double at_y, const char* anchor, const std::string& text) {
    h_.leaf("text", text,
            {{"x", coordinate(at_x)}, {"y", coordinate(at_y)}, {"text-anchor", anchor}});
  }
  void axes() {
    for (double t : x_.ticks(5)) {
      line(x(t), kTop, x(t), kHeight - kBottom, "grid");
      words(x(t), kHeight - kBottom + 12, "middle", power_text(t));
    }
    for (double t : y_.ticks(5)) {
      line(kLeft, y(t), kWidth - kRight, y(t), "grid");
      words(kLeft - 4, y(t) + 3, "end", power_text(t));
    }
    words(kWidth - kRight, kHeight - 6, "end", "arithmetic intensity, FLOP a byte");
    words(4, kHeight - 6, "start", "↑ FLOP/s");
  }
  // The lower of both ceilings, over the whole width.
  void roof() {
    const double flat = ceiling_->flops_per_s, slope = ceiling_->bytes_per_s;
    const double left = x_.low(), right = x_.high();
    if (slope > 0) {
      // Inside the drawing alone.
      const double from = std::max(left, y_.low() / slope);
      double to = std::min(right, y_.high() / slope);
      if (flat > 0) to = std::min(to, flat / slope);
      if (from < to) line(x(from), y(from * slope), x(to), y(to * slope), "roof");
    }
    const double ridge = slope > 0 ? std::max(left, flat / slope) : left;
    if (flat > 0 && ridge < right) line(x(ridge), y(flat), x(right), y(flat), "roof");
  }
  void point(const Point& p) {
    const Bar& b = r_.bars[p.bar];
    const double px = x(p.intensity), py = y(p.flops_per_s);
    if (p.baseline_flops_per_s > 0) line(px, y(p.baseline_flops_per_s), px, py, "gain");
    const std::string style = style_of(b.code);
    constexpr double s = 3.6;
    // A shape for each verdict, the same as its symbol.
    const std::string path = style == "fast"   ? fmt::format("M0 {0}L{1} {1}H{0}Z", -s, s)
                             : style == "slow" ? fmt::format("M0 {1}L{1} {0}H{0}Z", -s, s)
                             : style == "same"
                                 ? fmt::format("M{0} {0}H{1}V{1}H{0}Z", -s * 0.8, s * 0.8)
                                 : fmt::format("M0 {0}L{1} 0L0 {1}L{0} 0Z", -s, s);
    const auto shape = h_.open(
        "path", {{"class", "point " + style},
                 {"d", path},
                 {"transform", fmt::format("translate({} {})", coordinate(px), coordinate(py))}});
    h_.leaf("title", fmt::format("{} {} {}: {} at {:.3g} FLOP/byte, {} ({})", b.task,
                                 b.implementation, b.case_id, scaled_text(p.flops_per_s, "FLOP/s"),
                                 p.intensity, b.code, b.id));
  }

  Html& h_;
  const Report& r_;
  const std::string& device_;
  const Ceiling* ceiling_;
  LogScale x_, y_;
};

// The share of the lower ceiling at the point's intensity; 0: not known.
double share_of(const Report& r, const Point& p) {
  for (const Ceiling& c : r.roofline.ceilings) {
    if (c.device != r.bars[p.bar].device) continue;
    double most = c.flops_per_s;
    const double slope = c.bytes_per_s * p.intensity;
    if (slope > 0 && (most <= 0 || slope < most)) most = slope;
    if (most > 0) return p.flops_per_s / most;
  }
  return 0;
}

void points_table(Html& h, const Report& r) {
  const auto details = h.open("details");
  h.leaf("summary", fmt::format("The {} points as a table", r.roofline.points.size()));
  const Table table(h, "Work and rates of each measurement",
                    {"task", "implementation", "case", "code", "FLOP a byte#", "rate#", "moved#",
                     "of the roof#", "record"});
  const auto body = h.open("tbody");
  for (const Point& p : r.roofline.points) {
    const Bar& b = r.bars[p.bar];
    const auto row = h.open("tr");
    h.leaf("th", b.task, {{"scope", "row"}});
    h.leaf("td", b.implementation);
    h.leaf("td", one_machine(r) ? b.case_id : b.case_id + " · " + b.device);
    {
      const auto cell = h.open("td");
      mark(h, b.code);
    }
    const auto number = [&](const char* head, double sort, const std::string& text) {
      h.leaf("td", text, {{"class", "number"}, {"data-head", head}, {"data-sort", sort_key(sort)}});
    };
    const double moved = p.flops_per_s / p.intensity;
    number("FLOP a byte", p.intensity, fmt::format("{:.3g}", p.intensity));
    number("rate", p.flops_per_s, scaled_text(p.flops_per_s, "FLOP/s"));
    number("moved", moved, scaled_text(moved, "B/s"));
    const double share = share_of(r, p);
    if (share > 0)
      number("of the roof", share, percent_text(share));
    else
      h.leaf("td", "");
    const auto cell = h.open("td");
    record_id(h, b.id);
  }
}

}  // namespace

void roofline_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "roofline"}});
  h.leaf("h2", "Roofline");
  const Roofline& roof = r.roofline;
  if (roof.points.empty() && roof.not_rebuilt + roof.no_work + roof.no_flops + roof.no_time == 0) {
    h.leaf("p", "No measurements.", {{"class", "none"}});
    return;
  }
  h.leaf("p",
         "What each measurement achieved, by the bytes that its task's file says must be moved and "
         "the operations that must be done. The thin line leads from the baseline's rate.");
  std::set<std::string> devices;
  for (const Point& p : roof.points) devices.insert(r.bars[p.bar].device);
  for (const std::string& device : devices) Plot(h, r, device).draw();
  const int64_t left_out = roof.not_rebuilt + roof.no_work + roof.no_flops + roof.no_time;
  if (left_out) {
    h.leaf("p", fmt::format("Not drawn: {} of {} measurements.", left_out, r.bars.size()));
    const auto list = h.open("ul", {{"class", "notes"}});
    count_note(h, roof.not_rebuilt, "whose case cannot be made again from the record");
    count_note(h, roof.no_work, "whose task file does not give their bytes and operations");
    count_note(h, roof.no_flops, "without arithmetic");
    count_note(h, roof.no_time, "without a time");
  }
  if (!roof.points.empty()) points_table(h, r);
}

}  // namespace fk::report
