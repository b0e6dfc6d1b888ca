// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/resolve/search.hpp"

namespace fk::core::search {

// One way to compute an instance of a sub-problem: a Decision with its own numbers.
struct Way {
  Decision decision;
  double cost = 0;  // weighted, own
  int64_t bytes = 0;
  const std::vector<Child>* children = nullptr;
};

// A checked problem: the ways of every sub-problem that the root reaches, children before parents.
class Choices {
 public:
  explicit Choices(const Problem&);
  const Problem& problem() const { return problem_; }
  const std::vector<size_t>& order() const { return order_; }
  const std::vector<Way>& ways(size_t sub) const { return ways_[sub]; }
  std::string name(size_t sub) const;

  static constexpr size_t kNone = size_t(-1);
  // The best tree by cost + price * bytes, or by bytes alone; of equal ones the one with fewer
  // bytes, then the first.
  struct Best {
    std::vector<size_t> way;           // by sub-problem; kNone: nothing can compute it
    std::vector<double> value, bytes;  // of an instance with all below it
    std::vector<double> second;        // the next best value, infinity without one
    std::vector<size_t> runner_up;     // its way
  };
  Best best(double price) const { return best(1, price); }
  Best least_bytes() const { return best(0, 1); }
  // Of the root's tree when every sub-problem has one way: by sub-problem.
  std::vector<int64_t> instances(const std::vector<size_t>& way) const;

 private:
  Best best(double by_cost, double by_bytes) const;
  void find_order();
  void find_ways(size_t sub);
  const Problem& problem_;
  std::vector<size_t> order_;
  std::vector<std::vector<Way>> ways_;
};

}  // namespace fk::core::search
