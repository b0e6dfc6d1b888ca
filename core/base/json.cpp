// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

template class nlohmann::basic_json<nlohmann::ordered_map>;
template class nlohmann::basic_json<>;
