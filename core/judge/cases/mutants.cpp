// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/mutants.hpp"

#include <cmath>

namespace fk::cases {
namespace {

using Values = std::vector<double>;

struct Output {
  const Argument* arg;
  const Values& right;
};

// Keeps `bits` bits of the mantissa: what a kernel that computes in the next smaller type gives.
double coarser(double v, int bits) {
  if (v == 0 || !std::isfinite(v)) return v;
  int exponent = 0;
  const double m = std::frexp(v, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(m, bits)), exponent - bits);
}

int lower_bits(fk_dtype t) {
  if (t.code == FK_BFLOAT) return 4;  // fp8 e4m3
  return t.bits == 16 ? 7 : 8;        // float16 as bfloat16 would, float32 likewise
}

Values copied(const Values& from, size_t size) {
  Values v(size);
  for (size_t i = 0; i < size; ++i) v[i] = from.empty() ? 0 : from[i % from.size()];
  return v;
}

// Rows and columns of the last two dimensions swapped; of a single row, its order.
Values transposed(const Output& o) {
  const auto& shape = o.arg->shape;
  const size_t columns = shape.empty() ? 1 : size_t(shape.back());
  const size_t rows = columns == 0 ? 0 : o.right.size() / columns;
  Values v(o.right.size());
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      v[c * rows + r] = o.right[r * columns + (rows == 1 ? columns - 1 - c : c)];
  return v;
}

// 16 elements at the end of the first half were never computed.
Values missing_tile(const Output& o, double poison) {
  Values v = o.right;
  const size_t end = (v.size() + 1) / 2, begin = end > 16 ? end - 16 : 0;
  for (size_t i = begin; i < end; ++i) v[i] = poison;
  return v;
}

// Every row is the one before it.
Values shifted(const Output& o) {
  const size_t row = o.arg->shape.empty() ? 1 : size_t(o.arg->shape.back());
  Values v = o.right;
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = o.right[(i + v.size() - (row < v.size() ? row : 1)) % v.size()];
  return v;
}

bool equal(const Outcome& a, const Outcome& b) {
  for (const auto& [name, values] : a.tensors) {
    const Values& other = b.tensors.at(name);
    for (size_t i = 0; i < values.size(); ++i)
      if (!(values[i] == other[i] || (std::isnan(values[i]) && std::isnan(other[i])))) return false;
  }
  return true;
}

// The first float input that is not written, else the first one.
const Values* an_input(const Problem& p) {
  const Values* found = nullptr;
  for (const Argument& a : p.calls.back().args)
    if (a.input && (!found || is_float(a.dtype))) {
      found = &a.values;
      if (is_float(a.dtype) && !a.written) break;
    }
  return found;
}

}  // namespace

Problem truncated(const core::Registry& registry, const core::TaskSpec& task, const Case& c) {
  Problem p = Problem::make(registry, task, c);
  for (Call& call : p.calls)
    for (Argument& a : call.args) {
      if (!a.input || !is_float(a.dtype) || a.shape.empty()) continue;
      const size_t row = size_t(a.shape.back()), keep = row - row / 4 - (row < 4 && row > 1);
      for (size_t i = 0; i < a.values.size(); ++i)
        if (i % row >= keep) a.values[i] = 0;
    }
  return p;
}

std::vector<Mutant> mutants(const Problem& p, fk_dtype dtype, const Outcome& right,
                            const Outcome& other, const Outcome& truncated) {
  std::vector<Mutant> out;
  const Values* input = an_input(p);
  const auto add = [&](const char* name, auto&& change) {
    Mutant m{name, right};
    for (const Call& call : p.calls)
      for (const Argument& a : call.args) {
        if (!a.written) continue;
        Values& v = m.answer.tensors.at(call.label + a.field->name);
        const Values whole = v;
        if (!v.empty()) v = change(Output{&a, whole});
        for (double& e : v) e = rounded(e, a.in(dtype));
      }
    if (!equal(m.answer, right)) out.push_back(std::move(m));
  };
  add("zeros", [](const Output& o) { return Values(o.right.size(), 0.0); });
  add("constant", [](const Output& o) { return Values(o.right.size(), o.right[0]); });
  if (input) add("input", [&](const Output& o) { return copied(*input, o.right.size()); });
  add("untouched", [](const Output& o) { return copied(o.arg->values, o.right.size()); });
  add("tile_missing", [](const Output& o) { return missing_tile(o, 0); });
  add("tile_poisoned",
      [](const Output& o) { return missing_tile(o, is_float(o.arg->dtype) ? NAN : -1); });
  add("transposed", transposed);
  add("shifted", shifted);
  add("negated", [](const Output& o) {
    Values v = o.right;
    for (double& e : v) e = -e;
    return v;
  });
  add("scaled", [](const Output& o) {
    Values v = o.right;
    for (double& e : v) e = is_float(o.arg->dtype) ? e * 1.03125 : e + 1;
    return v;
  });
  add("lower_precision", [&](const Output& o) {
    Values v = o.right;
    if (is_float(o.arg->dtype))
      for (double& e : v) e = coarser(e, lower_bits(dtype));
    return v;
  });
  if (!equal(other, right)) out.push_back({"previous_output", other});
  if (!equal(truncated, right)) out.push_back({"truncated_reduction", truncated});
  return out;
}

}  // namespace fk::cases
