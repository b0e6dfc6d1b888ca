// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/proven.hpp"

#include "core/resolver/resolver.hpp"

namespace fk::resolver {
namespace {

using core::Json;

Json to_json(const judge::Interval& i) { return {i.low, i.middle, i.high}; }
judge::Interval interval(const Json& j) {
  return {j.at(0).get<double>(), j.at(1).get<double>(), j.at(2).get<double>()};
}
core::search::PerPhase phases(const Json& j) {
  return {j.at(0).get<double>(), j.at(1).get<double>()};
}

Gain gain_of(const Json& j) {
  Gain g;
  g.prefill = interval(j.at("prefill"));
  g.has_decode = j.contains("decode");
  if (g.has_decode) g.decode = interval(j.at("decode"));
  g.whole = interval(j.at("whole"));
  g.first = phases(j.at("baseline_seconds"));
  g.second = phases(j.at("plan_seconds"));
  g.rounds = j.at("rounds").get<size_t>();
  return g;
}

Agreement agreement_of(const Json& j) {
  Agreement a;
  a.ok = j.at("ok").get<bool>();
  a.mean_error = j.at("mean_error").get<double>(), a.mean_bound = j.at("mean_bound").get<double>();
  a.worst_error = j.at("worst_error").get<double>();
  a.worst_bound = j.at("worst_bound").get<double>();
  a.against = j.at("against").get<std::string>();
  return a;
}

}  // namespace

Json to_json(const Gain& g) {
  Json j = {{"prefill", to_json(g.prefill)}};
  if (g.has_decode) j["decode"] = to_json(g.decode);
  j["whole"] = to_json(g.whole);
  j["baseline_seconds"] = g.first;
  j["plan_seconds"] = g.second;
  j["rounds"] = g.rounds;
  return j;
}

Json to_json(const Agreement& a) {
  return {{"ok", a.ok},
          {"mean_error", a.mean_error},
          {"mean_bound", a.mean_bound},
          {"worst_error", a.worst_error},
          {"worst_bound", a.worst_bound},
          {"against", a.against}};
}

ProvenPlans::ProvenPlans(Measurer& m, const Subject& s, const Workload& w)
    : measurer_(m), subject_(s), workload_(w) {}

std::optional<ProvenPlans::Entry> ProvenPlans::find(const std::string& plan_hash,
                                                    const std::string& beside) const {
  if (!measurer_.store()) return std::nullopt;
  store::Filter f;
  f.hash = plan_hash;
  std::optional<Entry> out;
  measurer_.store()->each<store::PlanRecord>(f, [&](const store::PlanRecord& r) {
    try {
      const Json& j = r.reasons;
      if (!j.is_object() || !j.contains("proof") || r.device != measurer_.machine().device ||
          r.plan_hash != plan_hash || j.at("weights") != subject_.assets.weights_text ||
          j.at("workload") != workload_.text() || j.value("beside", "") != beside)
        return;
      Entry e;
      e.id = r.uuid;
      const Json& p = j.at("proof");
      for (const Json& k : p.at("kept_out"))
        e.kept_out.push_back({k.at("task"), k.at("init"), k.at("implementation"), k.at("reason")});
      if (p.contains("gain")) e.gain = gain_of(p.at("gain"));
      if (p.contains("agreement")) e.agreement = agreement_of(p.at("agreement"));
      e.predicted = phases(p.at("predicted"));
      e.predicted_whole = p.at("predicted_whole").get<double>();
      out = std::move(e);
    } catch (const nlohmann::json::exception&) {}  // somebody else's plan
  });
  return out;
}

std::string ProvenPlans::add(const core::Plan& plan, const Entry& e,
                             const std::vector<std::string>& notes,
                             const std::string& beside) const {
  if (!measurer_.recorder().on()) return "";
  store::PlanRecord r;
  r.config = subject_.assets.config.file;
  r.policy = "best";
  r.device = measurer_.machine().device;
  r.driver = measurer_.machine().driver;
  r.harness = measurer_.machine().harness;
  r.plan_hash = plan.hash();
  r.plan = plan.to_yaml();
  Json proof = {{"predicted", e.predicted}, {"predicted_whole", e.predicted_whole}};
  if (e.agreement) proof["agreement"] = to_json(*e.agreement);
  if (e.gain) proof["gain"] = to_json(*e.gain);
  proof["kept_out"] = Json::array();
  for (const KeptOut& k : e.kept_out)
    proof["kept_out"].push_back({{"task", k.task},
                                 {"init", k.init},
                                 {"implementation", k.implementation},
                                 {"reason", k.reason}});
  r.reasons = {{"weights", subject_.assets.weights_text},
               {"workload", workload_.text()},
               {"proof", proof},
               {"notes", notes}};
  if (!beside.empty()) r.reasons["beside"] = beside;
  return measurer_.recorder().add(r);
}

Json Resolution::to_json() const {
  Json j = {{"plan_hash", plan.hash()}, {"is_baseline", is_baseline}};
  j["findings"] = Json::array();
  for (const Finding& f : findings) {
    Json x = {{"task", f.task},
              {"path", f.path},
              {"implementation", f.implementation},
              {"chosen", f.chosen},
              {"reason", f.reason}};
    for (const double alone : f.alone) x["alone"].push_back(alone > 0 ? Json(alone) : Json());
    if (!f.phase.empty()) x["phase"] = f.phase;
    if (!f.kept_out.empty()) x["kept_out"] = f.kept_out;
    j["findings"].push_back(std::move(x));
  }
  j["predicted"] = predicted;
  j["predicted_whole"] = predicted_whole;
  if (agreement) j["agreement"] = resolver::to_json(*agreement);
  if (gain) j["gain"] = resolver::to_json(*gain);
  if (!proof_id.empty()) j["id"] = proof_id;
  j["proven_before"] = proven_before;
  j["notes"] = notes;
  j["sub_problems"] = subs;
  j["dry_builds"] = builds;
  j["judged"] = judged;
  j["measured"] = measured;
  j["known"] = known;
  j["exact"] = exact;
  j["search_seconds"] = search_seconds;
  j["seconds"] = seconds;
  j["laps"] = laps.to_json();
  return j;
}

}  // namespace fk::resolver
