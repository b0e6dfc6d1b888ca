// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

namespace fk::core {

// Of two embeddings of one length; 0 where one is nothing but zeros.
double cosine(const std::vector<float>&, const std::vector<float>&);

// The texts' numbers, the most similar first; equal ones in their order.
std::vector<size_t> ranking(const std::vector<double>& similarities);

}  // namespace fk::core
