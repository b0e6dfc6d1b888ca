// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/wire/bulk.hpp"

namespace fk::judge {

std::unique_ptr<Bulk> open_cuda_bulk(int device);

}  // namespace fk::judge
