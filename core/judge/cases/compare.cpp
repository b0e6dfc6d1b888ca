// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace fk::cases {
namespace {

constexpr size_t kTile = 256, kSmallestTile = 64;

// Distance of 1 from the next number, of the run dtype.
double epsilon(fk_dtype t) {
  if (t.code == FK_BFLOAT) return 0x1p-7;
  return t.bits == 16 ? 0x1p-10 : t.bits == 32 ? 0x1p-23 : 0x1p-52;
}

// Kernels may take float32's subnormal numbers for zero; of float16 they are common.
double smallest(fk_dtype t) { return t.code == FK_FLOAT && t.bits == 16 ? 0x1p-24 : 0x1p-126; }

// Relative error of an fp32 sum in whatever order, twice as much with every level of operations on
// top of each other; of 16-bit inputs more, because matrix units cut off where other ones round.
double accumulation(const core::TaskSpec& task, fk_dtype t) {
  return std::max(t.bits < 32 ? 256 : 0, 64 << task.level) * 0x1p-24;
}
double factor_of(const core::TaskSpec& task) { return task.check.value("error_vs_baseline", 2.0); }

// What few elements show of an error may be less than it is.
double few(size_t count) { return 1 + 4 / std::sqrt(double(std::max<size_t>(1, count))); }

// How far the largest of honest fp32 sums' errors may stand out, more than rounded normal numbers'
// do, whose largest error is about kCrest times the mean. It stands out further the more elements
// there are, in products of sums, where a large factor meets the other's error, and where a norm
// divides by what nearly cancelled: then the baseline's own errors show it, though they are
// smaller.
constexpr double kCrest = 8, kMostTail = 4;
double tail(double largest, double mean) {
  return mean > 0 ? std::clamp(largest / mean / kCrest, 1.0, kMostTail) : 1;
}

struct Sums {
  double golden = 0, baseline = 0, found = 0;  // squares, of values and of two errors
  size_t count = 0, worst = 0;
  double worst_error = -1;
};

Sums sums_of(const std::vector<double>& golden, const std::vector<double>& baseline,
             const std::vector<double>& found, size_t begin, size_t end) {
  Sums s;
  for (size_t i = begin; i < end; ++i) {
    if (!std::isfinite(baseline[i]) || !std::isfinite(golden[i])) continue;
    const double b = baseline[i] - golden[i], f = found[i] - golden[i];
    s.golden += golden[i] * golden[i];
    s.baseline += b * b;
    s.found += f * f;
    ++s.count;
    if (std::fabs(f) > s.worst_error) s.worst_error = std::fabs(f), s.worst = i;
  }
  return s;
}

// Where the tile ends that begins here. The rest goes with the last whole tile: few elements are no
// statistics.
size_t tile_end(size_t begin, size_t count) {
  return count < begin + 2 * kTile ? count : begin + kTile;
}

std::optional<Mismatch> compare_tiles(const core::TaskSpec& task, fk_dtype dtype,
                                      const std::vector<double>& golden,
                                      const std::vector<double>& baseline,
                                      const std::vector<double>& found) {
  for (size_t begin = 0; begin < golden.size();) {
    const size_t end = tile_end(begin, golden.size());
    const Sums s = sums_of(golden, baseline, found, begin, end);
    begin = end;
    if (s.count < kSmallestTile) continue;
    const double n = double(s.count), size = std::sqrt(s.golden / n);
    const double own = std::max(std::sqrt(s.baseline / n), epsilon(dtype) / 2 * size);
    const double bound =
        factor_of(task) * few(s.count) * own + accumulation(task, dtype) * size + smallest(dtype);
    const double error = std::sqrt(s.found / n);
    if (!(error <= bound))
      return Mismatch{Mismatch::Kind::kTile, s.worst, golden[s.worst],
                      found[s.worst],        error,   bound};
  }
  return {};
}

bool same_class(double a, double b) {
  return std::isnan(b) ? std::isnan(a) : std::isinf(b) ? a == b : std::isfinite(a);
}

// The root mean square of what is finite and not zero, for a cache is mostly empty.
double mean_size(const std::vector<double>& golden, size_t begin, size_t end) {
  double squares = 0;
  size_t count = 0;
  for (size_t i = begin; i < end; ++i)
    if (std::isfinite(golden[i]) && golden[i] != 0) squares += golden[i] * golden[i], ++count;
  return count < kSmallestTile ? 0 : std::sqrt(squares / double(count));
}

}  // namespace

std::string Mismatch::text() const {
  switch (kind) {
    case Kind::kSize: return fmt::format("{} elements, want {}", found, expected);
    case Kind::kExact:
      return fmt::format("element {} is {}, want exactly {}", index, found, expected);
    case Kind::kNonfinite: return fmt::format("element {} is {}, want {}", index, found, expected);
    case Kind::kElement:
      return fmt::format("element {} is {}, want {} within {:.3g}", index, found, expected, bound);
    case Kind::kTile:
      return fmt::format(
          "the tile around element {} ({}, want {}) has a mean error of {:.3g}, allowed {:.3g}",
          index, found, expected, error, bound);
  }
  return "";
}

double element_bound(const core::TaskSpec& task, fk_dtype dtype, const std::vector<double>& golden,
                     const std::vector<double>& baseline) {
  double squares = 0, errors = 0, largest = 0;
  size_t count = 0, all = 0;
  for (size_t i = 0; i < golden.size(); ++i) {
    if (!std::isfinite(baseline[i]) || !std::isfinite(golden[i])) continue;
    ++all;
    squares += golden[i] * golden[i];
    errors += (baseline[i] - golden[i]) * (baseline[i] - golden[i]);
    largest = std::max(largest, std::fabs(baseline[i] - golden[i]));
    count += golden[i] != 0;  // a cache is mostly empty
  }
  const double n = double(std::max<size_t>(1, count)), size = std::sqrt(squares / n),
               stands_out = tail(largest, std::sqrt(errors / n));
  // An operation's error is its last rounding, everybody's the same. Tasks made of others round
  // many times, and of two honest ones each has its own luck.
  if (task.level > 1) largest *= few(all);
  // Of few elements the mean size says little of the sums' terms: a single one may have cancelled.
  return factor_of(task) * largest + accumulation(task, dtype) * size * stands_out * few(all) +
         smallest(dtype);
}

double own_rounding(const core::TaskSpec& task, fk_dtype dtype, double golden) {
  if (dtype.bits >= 32) return 0;
  return factor_of(task) * std::max(1, task.level) * epsilon(dtype) / 2 * std::fabs(golden);
}

std::optional<Mismatch> compare(const core::TaskSpec& task, fk_dtype dtype,
                                const std::vector<double>& golden,
                                const std::vector<double>& baseline,
                                const std::vector<double>& found) {
  if (found.size() != baseline.size() || golden.size() != baseline.size())
    return Mismatch{Mismatch::Kind::kSize, 0, double(baseline.size()), double(found.size())};
  // Every bound is at least the baseline's own error, and a call leaves most of a large cache as it
  // was.
  if (!found.empty() && factor_of(task) >= 1 &&
      std::memcmp(found.data(), baseline.data(), found.size() * sizeof(double)) == 0)
    return {};
  const bool exact = task.check.value("exact", false);
  const double everywhere = exact ? 0 : element_bound(task, dtype, golden, baseline),
               size = exact ? 0 : mean_size(golden, 0, golden.size()),
               relative = own_rounding(task, dtype, 1);
  double bound = everywhere;
  for (size_t i = 0, tile = 0; i < found.size(); ++i) {
    if (i == tile && !exact) {
      tile = tile_end(i, found.size());
      const double here = mean_size(golden, i, tile);
      bound = everywhere + accumulation(task, dtype) * std::max(0.0, here - size);
    }
    if (!same_class(found[i], baseline[i]))
      return Mismatch{Mismatch::Kind::kNonfinite, i, baseline[i], found[i], INFINITY, bound};
    if (!std::isfinite(baseline[i])) continue;
    if (exact && found[i] != baseline[i])
      return Mismatch{
          Mismatch::Kind::kExact, i, baseline[i], found[i], std::fabs(found[i] - baseline[i]), 0};
    if (exact || !std::isfinite(golden[i])) continue;
    const double error = std::fabs(found[i] - golden[i]),
                 most = std::max(bound, relative * std::fabs(golden[i]));
    if (!(error <= most))
      return Mismatch{Mismatch::Kind::kElement, i, golden[i], found[i], error, most};
  }
  if (exact) return {};
  return compare_tiles(task, dtype, golden, baseline, found);
}

std::string disagreement(const core::TaskSpec& task, const std::vector<double>& golden,
                         const std::vector<double>& baseline, const std::vector<double>& found,
                         fk_dtype dtype) {
  const auto m = compare(task, dtype, golden, baseline, found);
  return m ? m->text() : "";
}

}  // namespace fk::cases
