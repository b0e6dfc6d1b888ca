// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "core/base/error.hpp"
#include "core/spec/yaml.hpp"
#include "core/weights/name_map.hpp"
#include "core/weights/pattern.hpp"

namespace fk::core::names {
namespace {

Expr expr_of(const Yaml& y) {
  const std::string& text = y.as_text("an expression");
  try {
    return Expr::parse(text);
  } catch (const Error& e) { throw e.within(y.place()); }
}

Json scalar(const Yaml& y) {
  if (y.is_list()) {
    Json list = Json::array();
    for (const Yaml& item : y.items) list.push_back(scalar(item));
    return list;
  }
  const std::string& s = y.as_text("a constant");
  if (y.quoted) return s;
  if (s == "true" || s == "false") return s == "true";
  int64_t i = 0;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), i);
  if (error == std::errc() && end == s.data() + s.size()) return i;
  double d = 0;
  auto [dend, derror] = std::from_chars(s.data(), s.data() + s.size(), d);
  if (derror == std::errc() && dend == s.data() + s.size()) return d;
  return s;
}

Candidate candidate(const Yaml& y) {
  using Kind = Candidate::Kind;
  Candidate c;
  if (y.is_scalar()) {
    c.text = y.text;
    return c;
  }
  y.as_map("a key, or a map with key, const, expr, exists, missing, size_of, count or quant_of");
  y.only({"key", "values", "const", "expr", "exists", "missing", "size_of", "dim", "count",
          "quant_of", "when"},
         "a value");
  int kinds = 0;
  auto take = [&](const char* key, Kind kind) {
    const Yaml* v = y.find(key);
    if (v) c.kind = kind, ++kinds;
    return v;
  };
  if (const Yaml* v = take("key", Kind::kKey)) c.text = v->as_text("a key");
  if (const Yaml* v = take("const", Kind::kConst)) c.constant = scalar(*v);
  if (const Yaml* v = take("expr", Kind::kExpr)) c.expr = expr_of(*v);
  if (const Yaml* v = take("exists", Kind::kExists)) c.text = v->as_text("a tensor");
  if (const Yaml* v = take("missing", Kind::kMissing)) c.text = v->as_text("a tensor");
  if (const Yaml* v = take("size_of", Kind::kSizeOf)) c.text = v->as_text("a tensor");
  if (const Yaml* v = take("count", Kind::kCount)) c.text = v->as_text("a tensor pattern");
  if (const Yaml* v = take("quant_of", Kind::kQuantOf))
    for (const Yaml& p : v->as_list("tensor patterns").items)
      c.patterns.push_back(p.as_text("a tensor pattern"));
  if (kinds != 1)
    fail_at(y,
            "found {} of key, const, expr, exists, missing, size_of, count, quant_of; expected one",
            kinds);
  if (const Yaml* v = y.find("dim")) c.dim = v->as_int("a dimension");
  if (const Yaml* v = y.find("when")) c.when = expr_of(*v);
  if (const Yaml* v = y.find("values")) {
    v->as_map("values by name");
    for (size_t i = 0; i < v->keys.size(); ++i)
      c.values.emplace_back(v->keys[i].text, scalar(v->items[i]));
  }
  return c;
}

std::vector<NamedValue> named_values(const Yaml* y, std::string_view what) {
  std::vector<NamedValue> out;
  if (!y) return out;
  y->as_map(what);
  for (size_t i = 0; i < y->keys.size(); ++i) {
    const Yaml& v = y->items[i];
    NamedValue n{y->keys[i].text, v.place(), {}, v.is_list()};
    if (v.is_list())
      for (const Yaml& item : v.items) n.candidates.push_back(candidate(item));
    else
      n.candidates.push_back(candidate(v));
    out.push_back(std::move(n));
  }
  return out;
}

Source source(const Yaml& y, size_t captures) {
  Source s;
  if (y.is_scalar()) {
    s.pattern = y.text;
  } else {
    y.as_map("a tensor name, or a map with from");
    y.only({"from", "rows", "unpermute", "transpose", "reshape", "seeded", "when"}, "a source");
    s.pattern = y.at("from", "a source").as_text("a tensor name");
    if (const Yaml* v = y.find("rows")) s.rows = expr_of(*v);
    if (const Yaml* v = y.find("unpermute")) s.unpermute = expr_of(*v);
    if (const Yaml* v = y.find("transpose")) s.transpose = v->as_bool("true or false");
    if (const Yaml* v = y.find("reshape"))
      for (const Yaml& d : v->as_list("dimensions").items) s.reshape.push_back(expr_of(d));
    if (const Yaml* v = y.find("seeded")) {
      v->as_map("mean and std").only({"mean", "std"}, "seeded");
      s.seeded = SeedScale{v->find("mean") ? v->find("mean")->as_float("a number") : 0.0,
                           v->at("std", "seeded").as_float("a number")};
    }
  }
  if (wildcards(s.pattern) > captures)
    fail_at(y, "\"{}\" has {} wildcards, the param's path only {}", s.pattern, wildcards(s.pattern),
            captures);
  return s;
}

Recipe recipe(const Yaml& y, size_t captures) {
  Recipe r;
  if (const Yaml* list = y.is_map() ? y.find("concat") : nullptr) {
    y.only({"concat", "when"}, "a concat");
    for (const Yaml& item : list->as_list("sources").items) {
      if (item.is_map() && item.find("when"))
        fail_at(*item.find("when"), "a part of a concat has no condition of its own");
      r.sources.push_back(source(item, captures));
    }
    r.concat = true;
  } else {
    r.sources.push_back(source(y, captures));
  }
  if (const Yaml* v = y.is_map() ? y.find("when") : nullptr) r.when = expr_of(*v);
  return r;
}

Rule rule(const Yaml& key, const Yaml& y) {
  Rule r{key.as_text("a path"), key.place(), {}};
  const size_t captures = wildcards(r.pattern);
  if (y.is_list())
    for (const Yaml& item : y.items) r.recipes.push_back(recipe(item, captures));
  else
    r.recipes.push_back(recipe(y, captures));
  return r;
}

}  // namespace

NameMap NameMap::load(const std::filesystem::path& path) {
  const YamlFile yaml = load_yaml(path);
  const Yaml& root = yaml.root.as_map("a name map");
  root.only({"format", "accept", "prefix", "let", "refuse", "init", "sizes", "params", "ignore"},
            "a name map");
  NameMap m;
  m.file = path.string();
  m.format = root.at("format", "a name map").as_text("safetensors or gguf");
  if (m.format != "safetensors" && m.format != "gguf")
    fail_at(*root.find("format"), "found \"{}\", expected safetensors or gguf", m.format);
  if (const Yaml* v = root.find("accept")) {
    v->as_map("key and values").only({"key", "values"}, "accept");
    m.accept_key = v->at("key", "accept").as_text("a key");
    for (const Yaml& item : v->at("values", "accept").as_list("a list").items)
      m.accept_values.push_back(item.as_text("a value"));
  }
  if (const Yaml* v = root.find("prefix")) {
    m.prefix.clear();
    for (const Yaml& item : v->as_list("prefixes").items)
      m.prefix.push_back(item.as_text("a prefix"));
  }
  m.let = named_values(root.find("let"), "names");
  m.init = named_values(root.find("init"), "init fields");
  m.sizes = named_values(root.find("sizes"), "names");
  if (const Yaml* v = root.find("refuse"))
    for (const Yaml& item : v->as_list("refusals").items) {
      item.as_map("when and because").only({"when", "because"}, "a refusal");
      m.refuse.push_back({expr_of(item.at("when", "a refusal")),
                          item.at("because", "a refusal").as_text("a reason")});
    }
  const Yaml& params = root.at("params", "a name map").as_map("sources by path");
  for (size_t i = 0; i < params.keys.size(); ++i)
    m.params.push_back(rule(params.keys[i], params.items[i]));
  if (const Yaml* v = root.find("ignore"))
    for (const Yaml& item : v->as_list("tensor patterns").items) {
      Ignored ignored;
      if (item.is_map()) {
        item.only({"tensor", "when"}, "an ignored tensor");
        ignored.pattern = item.at("tensor", "an ignored tensor").as_text("a tensor pattern");
        if (const Yaml* w = item.find("when")) ignored.when = expr_of(*w);
      } else {
        ignored.pattern = item.as_text("a tensor pattern");
      }
      m.ignore.push_back(std::move(ignored));
    }
  return m;
}

}  // namespace fk::core::names
