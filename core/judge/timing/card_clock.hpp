// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/timing/floor.hpp"
#include "core/judge/wire/channel.hpp"

namespace fk::judge {

// One round of captured calls, as the Runner has it from the card's events, and as the Judge's own
// clock has it.
struct CardRound {
  double pairs = 0;  // seconds between the events of all calls, together
  double span = 0;   // from the first event to the last
  double mhz = 0;    // of the multiprocessors
  double wall = 0;   // from the Judge's word to the answer
};

// Reads an answer to "time". Gives why it cannot be true, or "": the calls' times add up to no more
// than their span, and that to no more than what has gone by.
std::string read_card_round(const Json& answer, size_t calls, double wall, CardRound* out);

// Seconds of `calls` calls whose events lie round the kernel before each, too, which takes `lead`
// alone; 0: there is none. Never less than kLeastSeconds each, whose logarithm is a number and
// which no call takes that waits and then reads what that kernel wrote.
double without_lead(double pairs, size_t calls, double lead);
constexpr double kLeastSeconds = 50e-9;

// What more calls cost by the Judge's clock and by the events, from rounds of k and of 2 k calls:
// whatever a round costs once is in neither.
struct Slope {
  double wall = 0, pairs = 0;  // seconds a call
  double rest() const { return wall - pairs; }
};
Slope slope_of(const std::vector<CardRound>& of_k, const std::vector<CardRound>& of_2k, size_t k);

// The candidate's events against the Judge's clock. Beside the candidate's calls its rounds hold
// what the baseline's hold beside its own: poison, flush, launch. Gives what is wrong, or "".
std::string contradiction(const Slope& candidate, const Slope& baseline);

// Of the rounds whose clock is at least 95 % of their median: the indexes.
std::vector<size_t> unthrottled(const std::vector<double>& mhz);

struct CardRates {
  double l2_bytes = 0, bytes_per_second = 0, flops_per_second = 0;
};
// What the card can do at most, by what its driver says of its memory.
CardRates card_rates(fk_device);
// Seconds that no call takes less than from cold caches. What is written may stay in the L2.
double card_floor_seconds(const Work&, const CardRates&);

}  // namespace fk::judge
