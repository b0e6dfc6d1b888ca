// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace fk::resolver {

// Which of `count` choices do not pay, the worst first. `loss`: what the model gains by choice
// `which` beside `others`, where that is too little to keep it; nothing where it stays. Up to
// `most` are asked for. One may lose only because of another that does: when the worst is out, the
// next is asked again without it.
std::vector<size_t> losers(
    size_t count, size_t most,
    const std::function<std::optional<double>(const std::vector<size_t>& others, size_t which)>&
        loss);

}  // namespace fk::resolver
