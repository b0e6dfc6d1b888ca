// SPDX-License-Identifier: Apache-2.0
#include "core/weights/name_map.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/weights/pattern.hpp"

namespace fk::core::names {
namespace {

std::optional<Value> to_value(const Json& j) {
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_unsigned() && j.get<uint64_t>() > uint64_t(INT64_MAX)) return std::nullopt;
  if (j.is_number_integer()) return j.get<int64_t>();
  if (j.is_number_float()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (!j.is_array()) return std::nullopt;
  std::vector<int64_t> list;
  for (const Json& item : j) {
    if (!item.is_number_integer()) return std::nullopt;
    list.push_back(item.get<int64_t>());
  }
  return list;
}

Json to_json(const Value& v) {
  return std::visit([](const auto& x) { return Json(x); }, v);
}

std::string brief(const Json& j) {
  std::string s = j.dump(-1, ' ', false, Json::error_handler_t::replace);
  return s.size() > 60 ? s.substr(0, 57) + "..." : s;
}

// "a.b" as a key of its own (GGUF), or b within the object a (config.json). Null counts as absent.
const Json* find_key(const Json& root, const std::string& key) {
  if (!root.is_object()) return nullptr;
  if (auto at = root.find(key); at != root.end()) return at->is_null() ? nullptr : &*at;
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1))
    if (auto at = root.find(key.substr(0, dot)); at != root.end())
      if (const Json* inner = find_key(*at, key.substr(dot + 1))) return inner;
  return nullptr;
}

// "<architecture>.block_count" -> "llama.block_count"
std::string expand(const NameMap& m, const NamedValue& n, const std::string& text,
                   const Names& names) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '<' ? text.find('>', i) : std::string::npos;
    if (end == std::string::npos) {
      out += text[i];
      continue;
    }
    const std::string name = text.substr(i + 1, end - i - 1);
    const Json* v = names.find(name);
    if (!v || !v->is_string()) bad_input("{}: <{}> of {} is no text here", n.place, name, n.name);
    out += v->get<std::string>();
    i = end;
  }
  (void)m;
  return out;
}

std::vector<const FileTensor*> matching(const NameMap& m, const TensorFile* file,
                                        const std::string& pattern) {
  std::vector<const FileTensor*> found;
  if (!file) return found;
  if (wildcards(pattern) == 0) {
    for (const std::string& prefix : m.prefix)
      if (const FileTensor* t = file->find(prefix + pattern)) return {t};
    return found;
  }
  for (const auto& [name, tensor] : file->tensors())
    for (const std::string& prefix : m.prefix)
      if (name.starts_with(prefix) &&
          match_pattern(pattern, std::string_view(name).substr(prefix.size()))) {
        found.push_back(&tensor);
        break;
      }
  return found;
}

std::string shared_quant(const NameMap& m, const Candidate& c, const ValueSource& from) {
  if (!from.keep_quant) return "none";
  std::string quant;
  for (const std::string& pattern : c.patterns)
    for (const FileTensor* t : matching(m, from.file, pattern)) {
      const std::string_view q = t->plain() ? "none" : quant_of(t->ggml_type);
      if (quant.empty()) quant = q;
      if (quant != q) return "none";
    }
  return quant.empty() ? "none" : quant;
}

Json translate(const Candidate& c, const Json& found, const NamedValue& n,
               const ValueSource& from) {
  if (c.values.empty()) return found;
  const std::string text = found.is_string() ? found.get<std::string>() : brief(found);
  std::vector<std::string> known;
  for (const auto& [name, value] : c.values) {
    if (name == text) return value;
    known.push_back(name);
  }
  bad_input("{}: {} is \"{}\", which {} cannot be{}; possible: {}", from.what, c.text, text, n.name,
            did_you_mean(text, known), fmt::join(known, ", "));
}

std::optional<Json> try_candidate(const NameMap& m, const NamedValue& n, const Candidate& c,
                                  const ValueSource& from, const Names& names) {
  using Kind = Candidate::Kind;
  if (c.when && !c.when->eval_bool(names.lookup())) return std::nullopt;
  switch (c.kind) {
    case Kind::kConst: return c.constant;
    case Kind::kExpr: return to_json(c.expr->eval(names.lookup()));
    case Kind::kKey: {
      const Json* found = find_key(from.root, expand(m, n, c.text, names));
      if (!found) return std::nullopt;
      return translate(c, *found, n, from);
    }
    default: break;
  }
  if (!from.file) return std::nullopt;
  if (c.kind == Kind::kQuantOf) return shared_quant(m, c, from);
  const auto tensors = matching(m, from.file, expand(m, n, c.text, names));
  switch (c.kind) {
    case Kind::kExists: return !tensors.empty();
    case Kind::kMissing: return tensors.empty();
    case Kind::kCount: return int64_t(tensors.size());
    default: break;  // kSizeOf
  }
  if (tensors.empty()) return std::nullopt;
  const auto& shape = tensors.front()->shape;
  if (c.dim < 0 || c.dim >= int64_t(shape.size()))
    bad_input("{}: tensor \"{}\" has {} dimensions, {} is read from dimension {} ({})",
              tensors.front()->file, tensors.front()->name, shape.size(), n.name, c.dim, n.place);
  return shape[size_t(c.dim)];
}

std::vector<std::string> keys_of(const Json& root) {
  std::vector<std::string> keys;
  for (const auto& [key, unused] : root.items()) keys.push_back(key);
  return keys;
}

}  // namespace

void Names::set(const std::string& name, const Json& value) {
  if (to_value(value)) values_[name] = value;
}

const Json* Names::find(std::string_view name) const {
  auto at = values_.find(name);
  return at == values_.end() ? nullptr : &at->second;
}

Lookup Names::lookup() const {
  return
      [this](std::string_view name) { return find(name) ? to_value(*find(name)) : std::nullopt; };
}

const Json& metadata_root(const TensorFile& file) {
  static const Json kNothing = Json::object();
  if (file.format() == "gguf") return file.metadata();
  auto at = file.metadata().find("config");
  return at == file.metadata().end() ? kNothing : *at;
}

std::optional<Json> find_value(const NameMap& m, const NamedValue& n, const ValueSource& from,
                               const Names& names) {
  try {
    for (const Candidate& c : n.candidates)
      if (std::optional<Json> v = try_candidate(m, n, c, from, names)) return v;
  } catch (const Error& e) { throw e.within(n.place); }
  if (n.list) return std::nullopt;
  const Candidate& c = n.candidates.front();
  if (c.kind == Candidate::Kind::kKey) {
    const std::string key = expand(m, n, c.text, names);
    bad_input("{}: no \"{}\"{}, which gives {} ({})", from.what, key,
              did_you_mean(key, keys_of(from.root)), n.name, n.place);
  }
  bad_input("{}: nothing gives {} ({})", from.what, n.name, n.place);
}

Names let_names(const NameMap& m, const TensorFile* file) {
  static const Json kNothing = Json::object();
  Names names;
  const ValueSource from{file ? metadata_root(*file) : kNothing, file, false,
                         file ? file->name() : m.file};
  for (const NamedValue& n : m.let)
    if (std::optional<Json> v = find_value(m, n, from, names)) names.set(n.name, *v);
  return names;
}

Names param_names(const NameMap& m, const TensorFile* file, const Json& init) {
  Names names = let_names(m, file);
  for (const auto& [key, value] : init.items()) names.set(key, value);
  const ValueSource from{init, file, false, "init"};
  for (const NamedValue& n : m.sizes)
    if (std::optional<Json> v = find_value(m, n, from, names)) names.set(n.name, *v);
  return names;
}

void NameMap::check(const TensorFile& weights) const {
  if (weights.format() != format)
    bad_input("{}: a {} file, but {} maps {}; name a map with format: {}", weights.name(),
              weights.format(), file, format, weights.format());
  if (accept_key.empty()) return;
  const Json* found = find_key(metadata_root(weights), accept_key);
  if (!found) return;
  std::vector<std::string> texts;
  for (const Json& item : found->is_array() ? *found : Json::array({*found}))
    texts.push_back(item.is_string() ? item.get<std::string>() : brief(item));
  for (const std::string& t : texts)
    if (std::find(accept_values.begin(), accept_values.end(), t) != accept_values.end()) return;
  bad_input("{}: {} is {}{}, but {} maps {}", weights.name(), accept_key, brief(*found),
            texts.empty() ? "" : did_you_mean(texts.front(), accept_values), file,
            fmt::join(accept_values, ", "));
}

Resolved resolve_param(const NameMap& m, const std::string& path, const Names& names) {
  const Lookup lookup = names.lookup();
  for (const Rule& rule : m.params) {
    const auto captures = match_pattern(rule.pattern, path);
    if (!captures) continue;
    try {
      for (const Recipe& recipe : rule.recipes) {
        if (recipe.when && !recipe.when->eval_bool(lookup)) continue;
        Resolved out;
        out.concat = recipe.concat;
        for (const Source& s : recipe.sources) {
          ResolvedSource r{fill_pattern(s.pattern, *captures), -1, 0, s.transpose, {}, s.seeded};
          if (s.rows) r.rows = s.rows->eval_int(lookup);
          if (s.unpermute) r.head_rows = s.unpermute->eval_int(lookup);
          for (const Expr& d : s.reshape) r.reshape.push_back(d.eval_int(lookup));
          out.sources.push_back(std::move(r));
        }
        return out;
      }
    } catch (const Error& e) { throw e.within(rule.place); }
  }
  std::vector<std::string> patterns;
  for (const Rule& rule : m.params) patterns.push_back(rule.pattern);
  bad_input("{}: no rule for the param {}{}", m.file, path, did_you_mean(path, patterns));
}

}  // namespace fk::core::names
