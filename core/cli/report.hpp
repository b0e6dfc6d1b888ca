// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "core/resolve/plan.hpp"

namespace fk::core {

// The choices of a plan as an indented tree, equal nodes of numbered layers as one line:
//   model.layers.0-29.mlp.act   silu_and_mul   x30   cpu/avx512 0.1.0   first supported baseline
std::string plan_text(const Plan&);
Json plan_json(const Plan&);             // {"hash": ..., "nodes": [...]}
Json params_json(const Plan&);
Json states_json(const Plan&);
std::string bytes_text(size_t);          // "98.4 MB"
size_t peak_memory_bytes();              // of this process
std::string json_line(const Json&);      // one line; invalid UTF-8 becomes U+FFFD

}  // namespace fk::core
