// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/spec/expr.hpp"
#include "core/spec/task_spec.hpp"
#include "core/weights/seeded.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core::names {

// configs/weights/<name>.yaml in memory. The format is explained at the top of
// configs/weights/llama_hf.yaml.

// One way to find a value of `let`, `init` or `sizes`.
struct Candidate {
  enum class Kind {
    kKey,
    kConst,
    kExpr,
    kExists,
    kMissing,
    kSizeOf,
    kCount,
    kQuantOf
  } kind = Kind::kKey;
  std::string text;                   // key or tensor pattern
  std::vector<std::string> patterns;  // kQuantOf
  int64_t dim = 0;                    // kSizeOf
  Json constant;                      // kConst
  std::optional<Expr> expr, when;
  std::vector<std::pair<std::string, Json>> values;  // kKey: translation; empty: as it is
};
struct NamedValue {
  std::string name, place;
  std::vector<Candidate> candidates;
  bool list = false;
};

// One tensor of the weight file, as part of a param.
struct Source {
  std::string pattern;
  std::optional<Expr> rows, unpermute;
  bool transpose = false;
  std::vector<Expr> reshape;
  std::optional<SeedScale> seeded;
};
struct Recipe {
  std::optional<Expr> when;
  std::vector<Source> sources;
  bool concat = false;
};
struct Rule {
  std::string pattern, place;
  std::vector<Recipe> recipes;
};
struct Refusal {
  Expr when;
  std::string because;
};
struct Ignored {
  std::string pattern;
  std::optional<Expr> when;
};

// Names that expressions see.
class Names {
 public:
  void set(const std::string& name,
           const Json& value);  // values that no expression can hold are left out
  Lookup lookup() const;
  const Json* find(std::string_view name) const;

 private:
  std::map<std::string, Json, std::less<>> values_;
};

struct NameMap {
  std::string file, format, accept_key;
  std::vector<std::string> accept_values, prefix{""};
  std::vector<NamedValue> let, init, sizes;
  std::vector<Refusal> refuse;
  std::vector<Rule> params;
  std::vector<Ignored> ignore;

  // Throws Error "file:line:column: ..." for what is no name map, with the nearest valid key.
  static NameMap load(const std::filesystem::path&);
  // Throws when the weight file's format or architecture is not what this map is for.
  void check(const TensorFile&) const;
};

// A source after evaluation: rows is -1 when the map does not say.
struct ResolvedSource {
  std::string name;
  int64_t rows = -1, head_rows = 0;
  bool transpose = false;
  std::vector<int64_t> reshape;
  std::optional<SeedScale> seeded;
};
struct Resolved {
  std::vector<ResolvedSource> sources;
  bool concat = false;
};

// Where the param of this path comes from. Throws when no rule covers it.
Resolved resolve_param(const NameMap&, const std::string& path, const Names&);

// Where values of let, init and sizes are looked up: metadata or init, and the file if there is
// one.
struct ValueSource {
  const Json& root;
  const TensorFile* file;
  bool keep_quant;
  std::string what;
};
// Absent when no candidate of a list applies; throws when a single one does not.
std::optional<Json> find_value(const NameMap&, const NamedValue&, const ValueSource&, const Names&);
// let and sizes: all that expressions of `params` may use.
Names param_names(const NameMap&, const TensorFile*, const Json& init);
Names let_names(const NameMap&, const TensorFile*);
// safetensors: the HF config (an empty object when there is none); GGUF: its keys.
const Json& metadata_root(const TensorFile&);

}  // namespace fk::core::names
