// SPDX-License-Identifier: Apache-2.0
#pragma once
// nlohmann's JSON, its two classes instantiated once in json.cpp: every other file compiles in half
// the time.
#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<nlohmann::ordered_map>;
extern template class nlohmann::basic_json<>;
