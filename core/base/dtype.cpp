// SPDX-License-Identifier: Apache-2.0
#include "core/base/dtype.hpp"

#include <array>

namespace fk::core {
namespace {

struct Name {
  std::string_view text;
  fk_dtype type;
};
constexpr std::array kNames{Name{"float32", {FK_FLOAT, 32, 1}},
                            Name{"bfloat16", {FK_BFLOAT, 16, 1}},
                            Name{"float16", {FK_FLOAT, 16, 1}},
                            Name{"float64", {FK_FLOAT, 64, 1}},
                            Name{"int8", {FK_INT, 8, 1}},
                            Name{"int16", {FK_INT, 16, 1}},
                            Name{"int32", {FK_INT, 32, 1}},
                            Name{"int64", {FK_INT, 64, 1}},
                            Name{"uint8", {FK_UINT, 8, 1}},
                            Name{"uint16", {FK_UINT, 16, 1}},
                            Name{"uint32", {FK_UINT, 32, 1}},
                            Name{"uint64", {FK_UINT, 64, 1}},
                            Name{"bool", {FK_BOOL, 8, 1}},
                            Name{"float8_e4m3fn", {FK_FP8_E4M3, 8, 1}},
                            Name{"float8_e5m2", {FK_FP8_E5M2, 8, 1}},
                            Name{"float8_e8m0fnu", {FK_FP8_E8M0, 8, 1}},
                            Name{"float4_e2m1fn", {FK_FP4_E2M1, 4, 1}}};

}  // namespace

std::optional<fk_dtype> parse_dtype(std::string_view name) {
  for (const Name& n : kNames)
    if (n.text == name) return n.type;
  return std::nullopt;
}

std::string_view dtype_name(fk_dtype t) {
  for (const Name& n : kNames)
    if (same(n.type, t)) return n.text;
  return "unknown";
}

}  // namespace fk::core
