// SPDX-License-Identifier: Apache-2.0
#include "core/judge/timing/bench.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/base/error.hpp"
#include "core/device/device.hpp"
#include "core/judge/call_memory.hpp"
#include "core/judge/cases/compare.hpp"
#include "core/judge/draws.hpp"
#include "core/judge/runner/slot_graphs.hpp"
#include "core/judge/timing/card_clock.hpp"
#include "core/judge/timing/cores.hpp"
#include "core/judge/timing/floor.hpp"
#include "core/judge/timing/ring.hpp"
#include "core/judge/trial.hpp"

namespace fk::judge {
namespace {

// What the way there and back may take beside the calls, on a loaded machine.
constexpr double kSlackSeconds = 0.005, kSlackPart = 0.25;
constexpr int kWarmUp = 4;
// Two right answers lie twice the bound of one apart; slots whose golden answer nobody computed may
// hold larger numbers than those that were looked at.
constexpr double kOther = 3;
// The reference answers every call of a round in which a state goes from one to the next. A card's
// events time each by itself; the CPU's clock wants as many as fill a round.
constexpr size_t kMostInARow = 2;
// Of one side: long beside the way there and back, short beside what a machine does otherwise.
constexpr double kRoundSeconds = 0.008;
// The kernel before a call takes some hundredths of a microsecond more in one Runner than in the
// other, and is taken off as one of them measures it.
constexpr double kLeadSlackSeconds = 50e-9;
// Of the budget, one for each block: few blocks say little of the luck of processes.
constexpr size_t kShares = 8;
// Of each kind of round by which a card's events are held against our clock.
constexpr int kAudited = 7, kMostAudited = 70;

// What `l2_state` says, of calls from graphs behind an event or behind a kernel, and of eager ones.
constexpr std::string_view kBehindAnEvent =
    "cold, behind an event: twice its size is written and read before every call, nothing persists";
constexpr std::string_view kEager = "as the calls before left it";
std::string in_a_chain() {
  return fmt::format(
      "in a chain: behind a kernel that reads {} MiB and writes the call's inputs; all else is "
      "cold",
      SlotGraphs::kLeadBytes >> 20);
}

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

// Something that ends the measurement: its text, and whether it is the candidate's fault.
struct Refused {
  std::string text;
};
struct Unsupported {
  std::string text;
};

struct Samples {
  std::vector<std::vector<double>> logs;  // of the ratio, by block
  std::vector<double> walls[2], own[2];   // seconds a call
  Clock::time_point begin = Clock::now();
};

// What a block has learnt of right answers, for those after it.
struct Learnt {
  std::map<std::string, double> bounds;  // of outputs and states, between two right answers
  size_t in_a_row = 0;  // calls after which the states were looked at: longer rounds differ more
  uint64_t seed = 0;    // of the weights, the step and what numbers are drawn from
  // A call and its answers; they are right for as long as the weights and the step are the same.
  struct Known {
    cases::Call call;
    cases::Outcome golden, plain;
  };
  std::optional<Known> known;
};

class Contest {
 public:
  // `leader`: the side whose Runner is opened first, and gets its memory first.
  Contest(Judge& judge, const core::TaskSpec& task, const cases::Case& c, const Contestant& a,
          const Contestant& b, const BenchOptions& options, size_t leader, BenchResult& out,
          std::optional<Draws>& draws)
      : judge_(judge),
        task_(task),
        case_(c),
        options_(options),
        contestants_{a, b},
        turn_{leader, 1 - leader},
        device_(judge.options().runner.device) {
    RunnerOptions runner = judge.options().runner;
    if (device_.type == FK_CPU) runner.cores = quiet_cores(runner.threads);
    std::vector<RunnerProcess::Asked> asked;
    for (size_t side : turn_)
      asked.push_back(
          {*contestants_[side].plugin, judge.companions(*contestants_[side].plugin, task.level)});
    runners_ = RunnerProcess::open(runner, asked, judge.options().deadline);
    if (leader == 1) std::swap(runners_[0], runners_[1]);
    out.laps("open");
    // Drawn after both are open.
    if (!draws) out.seeds = {draws.emplace(judge.seed()).seed()};
    random_ = cases::Random((*draws)());
    case_.seed = (*draws)();
  }

  // One block, and the verdict where it is the last. `oracle`: of the block before, with its
  // weights, which are news to these Runners; but where it has states, which would go on.
  void run(std::optional<Oracle::Prepared>& oracle, Learnt& learnt, BenchResult& out,
           Samples& samples, bool audited) {
    if (!oracle || oracle->owns_state())
      oracle = judge_.oracle().prepare(task_, case_);
    else
      case_.seed = learnt.seed;
    learnt.seed = case_.seed;
    Oracle::Prepared& prepared = *oracle;
    out.laps("prepare");
    const cases::Problem problem = cases::Problem::make(judge_.registry(), task_, case_);
    const WeightMemory weights(prepared.weights());
    states_.reserve(2);
    while (states_.size() < 2) states_.emplace_back(prepared.states(), device_);
    for (size_t side : turn_) {
      const StateMemory& s = states_[side];
      const Json built =
          ask(side, build_message(task_, case_, contestants_[side].implementation, weights, s),
              {weights.descriptor(), s.descriptor()});
      if (side == 0) out.retained_bytes = built.value("retained", int64_t{0});
    }
    out.laps("build");
    Ring ring(problem, options_.bytes, options_.most_slots, random_.bits(), device_,
              device_.type != FK_CPU);
    for (size_t side : turn_)
      ask(side, ring.message(Ring::Side(side)), ring.descriptors(Ring::Side(side)));
    out.slots = ring.slots();
    const Work work = work_of(judge_.registry(), problem);
    out.floor = device_.type == FK_CPU ? floor_seconds(work, judge_.options().runner.threads)
                                       : card_floor_seconds(work, card_rates(device_));
    out.laps("place");
    if (device_.type != FK_CPU) arm(ring, out);
    // Who ends with the kernel before has not waited for it, whatever its outputs are.
    if (lead_ > 0 && work.bytes > 0) out.floor = std::max(out.floor, 2 * kLeastSeconds);
    out.laps("capture");
    used_ = std::min<size_t>(ring.slots(), 4);
    for (int i = 0; i < kWarmUp; ++i) {
      Round r;
      round(ring, out, &r);
      const double call = std::max(r.outside[0], r.outside[1]) / double(used_);
      full_ = std::clamp<size_t>(size_t(kRoundSeconds / call), std::min<size_t>(2, ring.slots()),
                                 ring.slots());
      used_ = prepared.owns_state() && armed_ ? std::min(full_, kMostInARow) : full_;
    }
    out.laps("warm up");
    if (samples.logs.empty())
      calibrate(ring, prepared, learnt);
    else
      check_again(ring, prepared, learnt);
    if (prepared.owns_state()) used_ = std::min(used_, learnt.in_a_row);
    out.laps("oracle");
    measure(ring, out, samples);
    out.laps("rounds");
    if (armed_ && audited) audit(ring, out);
    out.laps("audit");
    out.speedup = ratio_interval(samples.logs, random_.bits());
    if (is_slower(out.speedup) || is_last(out, samples)) decide(out, samples);
  }

 private:
  // wall: what counts. outside: by the Judge's clock, the same on the CPU.
  struct Round {
    double wall[2], own[2], outside[2], mhz[2] = {0, 0};
  };

  // Captures every slot on both sides. Where one of them refuses, both are run eagerly.
  void arm(Ring& ring, BenchResult& out) {
    used_ = 1;
    order_ = {0};
    ring.redraw(order_);
    for (size_t side : turn_) ask(side, {{"op", "run"}, {"call", 0}, {"slots", order_}}, {});
    armed_ = true;
    const Json feed = ring.feed();
    for (size_t side : turn_) {
      const Json got = ask(side, {{"op", "arm"}, {"poison", ring.poison()}, {"feed", feed}}, {});
      if (side == 0 && got.value("host_nodes", 0) > 0)
        throw Refused{"the captured call has host functions in it"};
      if (!got.value("captured", false)) {
        armed_ = false;
        out.track = "eager: " + contestants_[side].implementation + ": " + got.value("why", "");
        out.l2_state = kEager;
        return;
      }
      if (side == 1) out.card = got.value("facts", Json::object());
    }
    out.track = "graph";
    out.l2_state = kBehindAnEvent;
    if (feed.empty()) return;
    // The baseline's Runner alone is believed, and for both sides.
    lead_ = out.card.value("lead_seconds", 0.0);
    if (!(lead_ > 0)) core::bad_input("the baseline's Runner says no time of the kernel before");
    out.l2_state = in_a_chain();
  }

  // The clocks against each other. At the end of a block, when everything is warm. The Judge's is
  // the machine's, which does other things too: what contradicts is looked at again.
  void audit(Ring& ring, BenchResult& out) {
    const size_t most = used_, k = std::clamp<size_t>(full_ / 2, 1, SlotGraphs::kMostHeld / 2);
    std::vector<CardRound> rounds[2][2];  // of a side: of k calls, of 2 k
    std::string text;
    for (int i = 0; i < kMostAudited && (i < kAudited || !text.empty()); ++i) {
      for (size_t n : {size_t{0}, size_t{1}}) {
        used_ = k << n;
        BenchResult ignored;
        round(ring, ignored, nullptr, true);
        for (size_t side : {0, 1}) rounds[side][n].push_back(card_[side]);
        // How far apart two right answers may be after more calls is not known.
        order_.resize(std::min(order_.size(), most));
        if (const std::string wrong = ring.difference(order_); !wrong.empty()) throw Refused{wrong};
      }
      if (i + 1 < kAudited) continue;
      const Slope a = slope_of(rounds[0][0], rounds[0][1], k),
                  b = slope_of(rounds[1][0], rounds[1][1], k);
      out.card["slope"] = {{"candidate_wall", a.wall},
                           {"candidate_events", a.pairs},
                           {"baseline_wall", b.wall},
                           {"baseline_events", b.pairs}};
      text = contradiction(a, b);
    }
    used_ = most;
    if (!text.empty()) throw Refused{text};
  }

  // Rounds at a lower clock than the others say nothing of the sides.
  static void drop_throttled(BenchResult& out, const std::vector<double>& mhz,
                             std::vector<double>& logs) {
    const std::vector<size_t> kept = unthrottled(mhz);
    std::vector<double> left;
    for (size_t i : kept) left.push_back(logs[i]);
    out.throttled += logs.size() - left.size();
    logs = std::move(left);
  }

  // Both sides against the oracle, on what the last round left, and from that how far two right
  // answers may lie apart. Where a state goes from call to call, a call is right after those before
  // it: then it is all of the round's, and how far apart the states may be at its end.
  void calibrate(Ring& ring, Oracle::Prepared& prepared, Learnt& learnt) {
    std::vector<size_t> slots = {order_.front(), order_.back()};
    if (prepared.owns_state()) slots = order_;
    learnt.in_a_row = slots.size();
    ring.fetch(slots);
    for (size_t i = 0; i < slots.size(); ++i) {
      cases::Problem p = ring.problem(judge_.registry(), slots[i]);
      cases::Outcome golden = prepared.golden(p), plain = prepared.baseline(p);
      compare(ring, slots[i], i + 1 == slots.size(), golden, plain, learnt);
      if (i == 0 && !prepared.owns_state())
        learnt.known = Learnt::Known{std::move(p.calls.at(0)), std::move(golden), std::move(plain)};
    }
    apply(learnt, ring);
  }

  // New processes: whether they are right, too, in a call whose golden answer is known already
  // where it can be.
  void check_again(Ring& ring, Oracle::Prepared& prepared, Learnt& learnt) {
    const size_t most = used_;
    used_ = 1;
    given_ = learnt.known ? &learnt.known->call : nullptr;
    BenchResult ignored;
    round(ring, ignored, nullptr);
    given_ = nullptr;
    used_ = most;
    ring.fetch(order_);
    const size_t slot = order_.front();
    if (learnt.known) {
      compare(ring, slot, true, learnt.known->golden, learnt.known->plain, learnt);
    } else {
      const cases::Problem p = ring.problem(judge_.registry(), slot);
      compare(ring, slot, true, prepared.golden(p), prepared.baseline(p), learnt);
    }
    apply(learnt, ring);
  }

  // What both sides made of a slot. `at_end`: of the round's last call, after which states count.
  void compare(Ring& ring, size_t slot, bool at_end, const cases::Outcome& golden,
               const cases::Outcome& plain, Learnt& learnt) {
    for (Ring::Side side : {Ring::kCandidate, Ring::kBaseline}) {
      cases::Outcome found = ring.outcome(side, slot);
      if (at_end) states_[side].read(found);
      for (const auto& [name, values] : found.tensors) {
        const auto wrong = cases::compare(task_, case_.dtype, golden.tensors.at(name),
                                          plain.tensors.at(name), values);
        if (wrong && side == Ring::kCandidate) throw Refused{name + ": " + wrong->text()};
        if (wrong)
          core::bad_input("the baseline {} is wrong itself: {}: {}", contestants_[1].implementation,
                          name, wrong->text());
      }
    }
    if (task_.check.value("exact", false)) return;
    for (const auto& [name, values] : golden.tensors) {
      double& bound = learnt.bounds[name];
      double most = cases::element_bound(task_, case_.dtype, values, plain.tensors.at(name)),
             largest = 0;
      for (double v : values)
        if (std::isfinite(v)) largest = std::max(largest, std::fabs(v));
      most = std::max(most, cases::own_rounding(task_, case_.dtype, largest));
      bound = std::max(bound, kOther * most);
    }
  }

  void apply(const Learnt& learnt, Ring& ring) {
    for (const auto& [name, bound] : learnt.bounds) ring.set_bound(name, bound);
    bounds_ = &learnt.bounds;
  }

  // At most this block's share of the time, and no longer than until all that was seen is enough.
  void measure(Ring& ring, BenchResult& out, Samples& samples) {
    std::vector<double>& logs = samples.logs.emplace_back();
    std::vector<double> mhz;
    const auto begin = Clock::now();
    const double share =
        options_.budget / double(std::clamp(kShares, options_.blocks, options_.most_blocks));
    const size_t least = options_.least_rounds / options_.blocks + 1;
    for (bool go_on = true; go_on;) {
      Round r;
      round(ring, out, &r);
      const auto verify = Clock::now();
      if (const std::string text = ring.difference(order_); !text.empty()) throw Refused{text};
      if (const std::string text = states_[0].difference(states_[1], *bounds_); !text.empty())
        throw Refused{text};
      out.verify_seconds += seconds_between(verify, Clock::now());
      out.verified += 2 * order_.size();
      ++out.rounds;
      logs.push_back(std::log(r.wall[1] / r.wall[0]));
      mhz.push_back(std::min(r.mhz[0], r.mhz[1]));
      for (size_t side : {0, 1}) {
        samples.walls[side].push_back(r.wall[side] / double(order_.size()));
        samples.own[side].push_back(r.own[side] / double(order_.size()));
      }
      out.samples.push_back({samples.logs.size() - 1, r.wall[0], r.wall[1]});
      if (logs.size() >= least && logs.size() % 5 == 0) {
        const Interval i = ratio_interval({logs}, random_.bits());
        go_on = i.half_width() > options_.block_half_width && !is_clear(i);
      }
      go_on = go_on && seconds_between(begin, Clock::now()) < share;
    }
    if (armed_) drop_throttled(out, mhz, logs);
    out.seconds += seconds_between(begin, Clock::now());
  }

  bool is_slower(const Interval& i) const {
    return options_.slower > 0 && i.high > 0 && i.high < 1 / options_.slower;
  }
  bool is_clear(const Interval& i) const {
    if (is_slower(i)) return true;
    if (options_.clear <= 0) return false;
    return i.low > options_.clear && i.high - i.low < 0.2 * i.middle;
  }

  bool is_last(const BenchResult& out, const Samples& samples) const {
    const size_t blocks = samples.logs.size();
    if (blocks < options_.blocks) return false;
    return blocks >= options_.most_blocks || out.seconds >= options_.budget ||
           seconds_between(samples.begin, Clock::now()) >= 2 * options_.budget ||
           out.speedup.half_width() <= options_.half_width;
  }

  void decide(BenchResult& out, const Samples& samples) {
    for (size_t side : {0, 1}) {
      auto& t = side == 0 ? out.candidate : out.baseline;
      const auto& walls = samples.walls[side];
      t = {quantile(walls, 0.05), quantile(walls, 0.5), quantile(walls, 0.95),
           quantile(samples.own[side], 0.5)};
    }
    // In a single round the machine may have held it up.
    const double outside = out.candidate.p50 - out.candidate.own;
    if (outside * double(used_) > kSlackSeconds + kSlackPart * out.candidate.p50 * double(used_))
      throw Refused{fmt::format("clock: it says {:.3g} s a call, {:.3g} s have gone by",
                                out.candidate.own, out.candidate.p50)};
    if (out.candidate.p50 < out.floor)
      throw Refused{fmt::format(
          "{:.3g} s a call is less than the {:.3g} s that no machine of this kind goes below",
          out.candidate.p50, out.floor)};
    // A factor of two in all blocks needs no crowd of rounds, which slow calls do not give.
    const bool plain = out.rounds >= 2 * options_.blocks &&
                       (out.speedup.low > 2 || (out.speedup.high > 0 && out.speedup.high < 0.5));
    const bool enough = plain || out.rounds >= options_.least_rounds || is_slower(out.speedup);
    const double slack = lead_ > 0 ? kLeadSlackSeconds / out.baseline.p50 : 0;
    out.code = speed_name(enough ? speed_of(out.speedup, samples.logs, slack) : Speed::kAmbiguous);
  }

  // Some slots on both sides, in random order of slots and sides. `held`: all calls are launched
  // before the first may begin, so that what launching costs is in nobody's time.
  void round(Ring& ring, BenchResult& out, Round* r, bool held = false) {
    const auto begin = Clock::now();
    for (const auto& runner : runners_) runner->freeze();
    order_.resize(ring.slots());
    std::iota(order_.begin(), order_.end(), size_t{0});
    for (size_t i = order_.size(); i > 1; --i)
      std::swap(order_[i - 1], order_[size_t(random_.below(int64_t(i)))]);
    order_.resize(used_);
    ring.redraw(order_);
    if (given_) ring.place(order_.front(), *given_);
    for (const StateMemory& s : states_) s.clear();
    out.redraw_seconds += seconds_between(begin, Clock::now());
    const size_t first = random_.bits() & 1;
    for (size_t side : {first, 1 - first}) {
      runners_[1 - side]->freeze();  // whatever it left running does not run now
      runners_[side]->thaw();
      if (held) ask(side, {{"op", "hold"}, {"slots", order_}}, {});
      const auto sent = Clock::now();
      const Json answer =
          held ? ask(side, {{"op", "finish"}}, {})
               : ask(side, {{"op", armed_ ? "time" : "run"}, {"call", 0}, {"slots", order_}}, {});
      const auto got = Clock::now();
      const double wall = seconds_between(sent, got), own = claimed(answer, sent, got);
      if (side == 0 && !(own >= 0 && own <= wall))
        throw Refused{
            fmt::format("clock: it says {:.6f} s for a round that took {:.6f} s, or that "
                        "it lay elsewhere",
                        own, wall)};
      if (r) r->wall[side] = wall, r->own[side] = own, r->outside[side] = wall;
      if (!armed_) continue;
      const std::string text = read_card_round(answer, order_.size(), wall, &card_[side]);
      if (!text.empty() && side == 0) throw Refused{text};
      if (!text.empty()) core::bad_input("the baseline's {}", text);
      if (!r) continue;
      r->wall[side] = r->own[side] = without_lead(card_[side].pairs, order_.size(), lead_);
      r->mhz[side] = card_[side].mhz;
    }
    for (const auto& runner : runners_) runner->freeze();  // outputs stay as they are
  }

  // What the Runner says that the calls took; -1 for times that were not between ours.
  static double claimed(const Json& answer, Clock::time_point sent, Clock::time_point got) {
    const Json b = answer.value("begin", Json()), e = answer.value("end", Json());
    if (!b.is_number_integer() || !e.is_number_integer()) return -1;
    const auto ns = [](Clock::time_point t) {
      return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
    };
    const auto begin = b.get<int64_t>(), end = e.get<int64_t>();
    if (begin < ns(sent) || end > ns(got) || end < begin) return -1;
    return double(end - begin) * 1e-9;
  }

  Json ask(size_t side, Json message, const std::vector<int>& descriptors) {
    Json answer =
        runners_[side]->request(std::move(message), judge_.options().deadline, descriptors);
    if (answer.contains("ok")) return answer;
    const bool declined = answer.contains("unsupported");
    const Json said = answer.value(declined ? "unsupported" : "error", Json());
    const std::string text = contestants_[side].implementation + ": " +
                             (said.is_string() ? said.get<std::string>() : "no reason given");
    if (declined) throw Unsupported{text};
    if (side == 0) throw Refused{text};
    core::bad_input("the baseline {}", text);
  }

  Judge& judge_;
  const core::TaskSpec& task_;
  cases::Case case_;
  const BenchOptions options_;
  const Contestant contestants_[2];
  const std::array<size_t, 2> turn_;  // the sides, who leads first
  cases::Random random_{0};
  const fk_device device_;
  std::vector<std::unique_ptr<RunnerProcess>> runners_;
  std::vector<StateMemory> states_;                        // one of each side
  const std::map<std::string, double>* bounds_ = nullptr;  // as learnt
  const cases::Call* given_ = nullptr;  // a round's first, in place of new numbers
  std::vector<size_t> order_;           // the slots of the last round, in the order of their calls
  size_t used_ = 1;                     // slots of a round
  size_t full_ = 1;                     // that fill one, whatever the oracle could answer
  bool armed_ = false;                  // both sides replay graphs
  double lead_ = 0;                     // seconds of the kernel before a call; 0: there is none
  CardRound card_[2];                   // the last round, by side
};

}  // namespace

bool is_timed_so(const std::string& l2_state, fk_device device) {
  return device.type == FK_CPU || l2_state == kBehindAnEvent || l2_state == in_a_chain() ||
         l2_state == kEager;
}

BenchResult bench_case(Judge& judge, const std::string& task, const cases::Case& c,
                       const Contestant& candidate, const Contestant& baseline,
                       const BenchOptions& options) {
  BenchResult out;
  out.name = c.name;
  try {
    Samples samples;
    std::optional<Draws> draws;
    std::optional<Oracle::Prepared> oracle;
    Learnt learnt;
    out.samples = Json::array();
    const size_t audited = 1 + size_t(judge.seed() % options.blocks);
    for (size_t block = 1; out.code.empty(); ++block)
      Contest(judge, judge.registry().task(task), c, candidate, baseline, options, block % 2, out,
              draws)
          .run(oracle, learnt, out, samples, options.audit_all || block == audited);
  } catch (const Refused& r) {
    out.code = "REFUSED";
    out.text = r.text;
  } catch (const Unsupported& u) {
    out.code = "unsupported";
    out.text = u.text;
  } catch (const RunnerFailure& e) {
    out.code = "REFUSED";
    out.text = e.failure() + ": " + e.text();
  } catch (const nlohmann::json::exception&) {
    out.code = "REFUSED";
    out.text = "protocol: an answer that is not of the form agreed on";
  }
  return out;
}

std::vector<cases::Case> bench_cases(const core::TaskSpec& task, bool card) {
  std::vector<cases::Case> out;
  for (cases::Case& c : card ? cases::whole_cases_of(task) : cases::cases_of(task)) {
    if (!c.own) continue;
    if (c.seqs.empty()) c.decode = c.name.find("decode") != c.name.npos;
    out.push_back(std::move(c));
  }
  return out;
}

Json BenchResult::to_json() const {
  const auto times = [](const Times& t) -> Json {
    return {{"p5", t.p5}, {"p50", t.p50}, {"p95", t.p95}, {"own_clock", t.own}};
  };
  Json j = {{"case", name}, {"code", code}};
  if (!text.empty()) j["text"] = text;
  j["seeds"] = seeds;
  if (rounds == 0) return j;
  j["speedup"] = {{"low", speedup.low}, {"median", speedup.middle}, {"high", speedup.high}};
  j["candidate_seconds"] = times(candidate);
  j["baseline_seconds"] = times(baseline);
  j["rounds"] = rounds;
  j["slots"] = slots;
  j["verified_calls"] = verified;
  j["floor_seconds"] = floor;
  j["retained_bytes"] = retained_bytes;
  if (!track.empty()) {
    j["track"] = track;
    j["l2_state"] = l2_state;
    j["card"] = card;
    j["throttled_rounds"] = throttled;
  }
  j["seconds"] = seconds;
  j["verify_seconds"] = verify_seconds;
  j["redraw_seconds"] = redraw_seconds;
  j["laps"] = laps.to_json();
  j["samples"] = samples;
  return j;
}

}  // namespace fk::judge
