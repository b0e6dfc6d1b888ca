// SPDX-License-Identifier: Apache-2.0
#include "core/eval/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/engine/encoder_text.hpp"
#include "core/engine/similarity.hpp"

namespace fk::eval {
namespace {

using resolver::Logits;
using resolver::Rig;
using resolver::Workload;

const core::Tokenizer& tokenizer_of(const Measured& m, const char* metric) {
  if (!m.subject.assets.tokenizer)
    core::bad_input("{}: {} has no tokenizer, which the metric {} needs", m.model.name,
                    m.subject.assets.config.file, metric);
  return *m.subject.assets.tokenizer;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The query, then the texts; without them none.
std::vector<std::string> texts_of(const MetricSpec& spec) {
  std::vector<std::string> out;
  if (!spec.ranking) return out;
  out.push_back(spec.ranking->query);
  std::istringstream in(read(spec.ranking->texts));
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) out.push_back(line);
  if (out.size() < 3)
    core::bad_input("{}: found {} texts, expected at least two to rank",
                    spec.ranking->texts.string(), out.size() - 1);
  return out;
}

double least_cosine(const Logits& a, const Logits& b) {
  double least = a.size() == b.size() ? 1 : 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double c = a[i].size() == b[i].size() ? core::cosine(a[i], b[i]) : 0;
    least = c <= least ? c : std::isnan(c) ? 0 : least;
  }
  return least;
}

std::vector<size_t> ranked(const Logits& all) {
  std::vector<double> scores;
  for (size_t i = 1; i < all.size(); ++i) scores.push_back(core::cosine(all[0], all[i]));
  return core::ranking(scores);
}

}  // namespace

MetricResult logits_metric(const MetricSpec& spec, const resolver::Agreement& a) {
  MetricResult out;
  out.name = "logits";
  out.value = a.worst_error;
  out.bound = spec.envelope * a.worst_bound;
  const double mean_bound = spec.envelope * a.mean_bound;
  out.passed = a.worst_error <= out.bound && a.mean_error <= mean_bound;
  out.more = {{"mean_error", a.mean_error}, {"mean_bound", mean_bound}, {"against", a.against}};
  out.text =
      fmt::format("largest error {:.3g} of {:.3g} allowed, mean {:.3g} of {:.3g}, against {}",
                  out.value, out.bound, a.mean_error, mean_bound, a.against);
  return out;
}

MetricResult perplexity_metric(const Measured& m) {
  const MetricSpec::Perplexity& spec = *m.model.metric.perplexity;
  std::vector<int32_t> ids =
      tokenizer_of(m, "perplexity")
          .encode(read(spec.text), {.add_special = true, .parse_special = true});
  if (ids.size() < 2)
    core::bad_input("{}: the text has {} tokens; its perplexity needs at least 2",
                    spec.text.string(), ids.size());
  const int64_t context = m.subject.assets.config.options.max_model_len;
  const int64_t most = context > 0 ? std::min(spec.tokens, context - 1) : spec.tokens;
  ids.resize(std::min(ids.size(), size_t(most)));
  const Workload w{1, int64_t(ids.size()), 0};
  const auto mean_nll = [&](const core::Plan& plan) {
    return resolver::make_rig(m.subject, plan, w)->nll(ids) / double(ids.size() - 1);
  };
  const double was = mean_nll(m.baseline), is = m.same() ? was : mean_nll(m.plan);
  MetricResult out;
  out.name = "perplexity";
  out.value = std::abs(is - was);
  out.bound = spec.tolerance;
  out.passed = out.value <= out.bound;  // not of NaN
  out.more = {{"perplexity", std::exp(is)},
              {"baseline_perplexity", std::exp(was)},
              {"tokens", ids.size() - 1}};
  out.text = fmt::format(
      "{:.4f} over {} tokens, of the baselines {:.4f}; its logarithm differs by "
      "{:.2g} of {:.2g} allowed",
      std::exp(is), ids.size() - 1, std::exp(was), out.value, out.bound);
  return out;
}

std::vector<MetricResult> embedding_metrics(const Measured& m) {
  const MetricSpec& spec = m.model.metric;
  const std::vector<std::string> texts = texts_of(spec);
  std::vector<std::vector<int32_t>> ids;
  std::string what;
  Workload w = m.model.workloads.front();
  const int64_t most = m.subject.assets.config.options.max_model_len;
  for (const std::string& t : texts) {
    ids.push_back(core::encode_for_embedding(tokenizer_of(m, "ranking"), t, most).ids);
    what += t + "\n";
    w.batch = std::max(w.batch, int64_t(ids.size()));
    w.prompt = std::max(w.prompt, int64_t(ids.back().size()));
  }
  const auto ask = [&](Rig& rig) { return ids.empty() ? rig.logits() : rig.embed(ids); };
  const Logits right = resolver::reference_answers(m.subject, w, m.cache, what, ask);
  const Logits was = ask(*resolver::make_rig(m.subject, m.baseline, w)),
               is = m.same() ? was : ask(*resolver::make_rig(m.subject, m.plan, w));
  std::vector<MetricResult> out(1);
  out[0].name = "cosine";
  out[0].value = least_cosine(is, right);
  out[0].bound = spec.cosine;
  out[0].passed = out[0].value >= out[0].bound;
  const double theirs = least_cosine(was, right);
  out[0].more = {{"baseline_cosine", theirs}, {"texts", is.size()}};
  out[0].text = fmt::format(
      "at least {:.6f} to the reference over {} texts, {:.4g} allowed; of the "
      "baselines {:.6f}",
      out[0].value, is.size(), out[0].bound, theirs);
  if (!spec.ranking) return out;
  const std::vector<size_t> wanted = ranked(right), found = ranked(is);
  MetricResult& r = out.emplace_back();
  r.name = "ranking";
  for (size_t i = 0; i < wanted.size(); ++i) r.value += i >= found.size() || found[i] != wanted[i];
  r.passed = r.value == 0;
  r.more = {{"texts", wanted.size()}, {"order", found}};
  r.text = fmt::format("{} of {} texts stand elsewhere than where the reference puts them",
                       int64_t(r.value), wanted.size());
  return out;
}

}  // namespace fk::eval
