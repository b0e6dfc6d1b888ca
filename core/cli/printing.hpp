// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "core/resolve/plan.hpp"

namespace fk::core {

// The choices of a plan as an indented tree, equal nodes of numbered layers as one line:
//   model.layers.0-29     llama_decoder_layer   x30   composed/composed 1.0.0   only baseline
//     mlp                 llama_mlp             x30   ...
std::string plan_text(const Plan&);
Json plan_json(const Plan&);  // {"hash": ..., "nodes": [...]}
Json params_json(const Plan&);
Json states_json(const Plan&);
std::string bytes_text(size_t);      // "98.4 MB"
size_t peak_memory_bytes();          // of this process
std::string json_line(const Json&);  // one line; invalid UTF-8 becomes U+FFFD

}  // namespace fk::core
