// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace fk::judge {

// `count` neighbouring cores that this process may run on, for two that take turns: on the same
// cores, that one has a better place than the other is no difference between them. Those that had
// least to do in the last 50 ms; empty where there are no more than `count` or the machine does not
// say.
std::vector<int> quiet_cores(int count);

// From two readings of /proc/stat, some time apart: ticks that each of `cores` had nothing to do.
std::vector<long long> idle_between(const std::string& before, const std::string& after,
                                    const std::vector<int>& cores);
// Where the run of `count` with the most idle ticks begins; the first of equals.
size_t quietest_run(const std::vector<long long>& idle, size_t count);

}  // namespace fk::judge
