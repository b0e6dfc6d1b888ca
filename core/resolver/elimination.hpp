// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <functional>
#include <vector>

namespace fk::resolver {

// What a model gains by one choice beside others, and whether that is too little to keep it.
// Below 1 and kept: it seems to lose, and that is not certain.
struct Worth {
  double gain = 1;
  bool loses = false;
};

// Which of `count` choices do not pay, the worst first. `worth`: of choice `which` beside `others`.
// Up to `most` are asked for. One may lose only because of another that does, and a small loss may
// be seen only when a larger one is out of the way: when the worst is out, the next is asked again
// without it, and then whatever seemed to lose.
std::vector<size_t> losers(
    size_t count, size_t most,
    const std::function<Worth(const std::vector<size_t>& others, size_t which)>& worth);

}  // namespace fk::resolver
