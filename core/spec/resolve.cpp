// SPDX-License-Identifier: Apache-2.0
#include "core/spec/resolve.hpp"

#include <algorithm>

#include "core/base/nearest.hpp"
#include "core/spec/layout.hpp"
#include "core/spec/parse.hpp"

namespace fk::core {
namespace {

// Numbers that the runtime knows when it evaluates `bytes` and `flops`: e = bytes of an element of
// the run dtype, rows = product of the leading dimensions of the first input.
constexpr std::string_view kBuiltins[] = {"e",         "rows",    "weight_bytes", "weight_elements",
                                          "kv_tokens", "attended"};

// What engines and the case runner choose for tasks that run in steps, beside the task's own
// symbols.
constexpr std::string_view kStepSizes[] = {"block_size", "num_blocks", "num_slots", "num_seqs"};

template <class Map>
std::vector<std::string> keys(const Map& map) {
  std::vector<std::string> out;
  for (const auto& [name, _] : map) out.push_back(name);
  return out;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& f : fields)
    if (f.name == name) return &f;
  return nullptr;
}

// The names an expression may use and what they are.
class Scope {
 public:
  void add(std::string_view name, ExprType type) {
    if (!find(name)) names_.emplace_back(name), types_.push_back(type);
  }
  void add_fields(const std::vector<Field>& fields) {
    for (const Field& f : fields)
      if (f.type == FieldType::kInstance && f.optional)
        add(f.name, ExprType::kOptionalInstance);
      else if (std::optional<ExprType> t = expr_type(f.type))
        add(f.name, *t), enums_.push_back(&f);
  }
  std::optional<ExprType> find(std::string_view name) const {
    auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) return std::nullopt;
    return types_[size_t(at - names_.begin())];
  }
  ExprType check(const Expr& e, const Yaml& node) const {
    try {
      return e.check([this](std::string_view n) { return find(n); },
                     [this](std::string_view n) { return values_of(n); }, names_);
    } catch (const ExprError& error) { fail_in(node, error); }
  }
  void check_int(const Expr& e, const Yaml& node) const {
    ExprType t = check(e, node);
    if (t != ExprType::kInt && t != ExprType::kOptionalInt)
      fail_at(node, "the expression \"{}\" does not yield an integer, expected one", e.text());
  }
  void check_bool(const Expr& e, const Yaml& node) const {
    if (check(e, node) != ExprType::kBool)
      fail_at(node, "the expression \"{}\" does not yield true or false, expected a condition",
              e.text());
  }
  void check_number(const Expr& e, const Yaml& node) const {
    ExprType t = check(e, node);
    if (t != ExprType::kInt && t != ExprType::kOptionalInt && t != ExprType::kFloat)
      fail_at(node, "the expression \"{}\" does not yield a number, expected one", e.text());
  }

 private:
  const std::vector<std::string>* values_of(std::string_view name) const {
    for (const Field* f : enums_)
      if (f->name == name && f->type == FieldType::kEnum) return &f->values;
    return nullptr;
  }
  std::vector<std::string> names_;
  std::vector<ExprType> types_;
  std::vector<const Field*> enums_;
};

// Names that stand alone as a dimension and are no init field: the first tensor that has one binds
// it.
void bind_symbols(const std::vector<Field>& tensors, const std::vector<Field>& init,
                  std::vector<std::string>& out) {
  for (const Field& f : tensors)
    for (const Expr& dim : f.tensor.shape)
      if (std::optional<std::string> name = dim.as_name())
        if (!find_field(init, *name) && std::find(out.begin(), out.end(), *name) == out.end())
          out.push_back(*name);
}

void check_tensor(const Scope& scope, const Field& f, const Yaml& body) {
  if (const Yaml* shape = body.find("shape"))
    for (size_t i = 0; i < f.tensor.shape.size(); ++i)
      scope.check_int(f.tensor.shape[i], shape->items[i + f.tensor.ellipsis]);
  if (f.low) scope.check_number(*f.low, *body.find("low"));
  if (f.high) scope.check_number(*f.high, *body.find("high"));
}

void check_like(const TaskSpec& t, const Field& f, const Yaml& body) {
  if (f.like.empty()) return;
  const Field* of = find_field(t.args, f.like);
  if (of && of->role == Field::Role::kIn) return;
  std::vector<std::string> inputs;
  for (const Field& a : t.args)
    if (a.role == Field::Role::kIn) inputs.push_back(a.name);
  fail_at(*body.find("like"), "unknown input \"{}\", expected one of: {}{}", f.like,
          fmt::join(inputs, ", "), did_you_mean(f.like, inputs));
}

void check_case_init(const Registry& registry, const TaskSpec& t, const Yaml& init,
                     const std::string& where) {
  init.as_map("a map from init fields to values");
  for (size_t i = 0; i < init.keys.size(); ++i) {
    const Field* f = find_field(t.init, init.keys[i].text);
    if (!f) {
      std::vector<std::string> names;
      for (const Field& g : t.init) names.push_back(g.name);
      fail_at(init.keys[i], "unknown init field \"{}\" in {}, expected one of: {}{}",
              init.keys[i].text, where, fmt::join(names, ", "),
              did_you_mean(init.keys[i].text, names));
    }
    if (f->type == FieldType::kInstance)
      check_case_init(registry, registry.task(f->of), init.items[i],
                      fmt::format("{}, {}", where, f->name));
    else if (f->type == FieldType::kStruct)
      init.items[i].as_map("a map from fields to values");
    else
      parse_value(init.items[i], *f);
  }
  for (const Field& f : t.init)
    if (f.required() && !init.find(f.name))
      fail_at(init, "{} has no init field \"{}\", expected one (it has no default)", where, f.name);
}

// Of a task that takes a step, what production calls it with: by name a list of sequences.
void check_steps(const Yaml& steps) {
  constexpr const char* kExpected = "[query, context] or [query, context, how many], in tokens";
  steps.as_map("a map such as {32x1k: [[1, 1023, 32]]}");
  for (size_t i = 0; i < steps.keys.size(); ++i) {
    const Yaml& list = steps.items[i].as_list("a list of sequences");
    if (list.items.empty()) fail_at(steps.keys[i], "found no sequence, expected {}", kExpected);
    for (const Yaml& s : list.items) {
      const size_t count = s.as_list(kExpected).items.size();
      if (count != 2 && count != 3) fail_at(s, "found {} numbers, expected {}", count, kExpected);
      const int64_t least[] = {1, 0, 1};
      for (size_t k = 0; k < count; ++k)
        if (s.items[k].as_int("a number of tokens") < least[k])
          fail_at(s.items[k], "found {}, expected {} or more", s.items[k].text, least[k]);
    }
  }
}

void check_all_cases(const Registry& registry, const TaskSpec& t, const Yaml& cases) {
  for (size_t i = 0; i < cases.keys.size(); ++i) {
    const std::string where = fmt::format("the case \"{}\"", cases.keys[i].text);
    parse_name(cases.keys[i], "the name of a case");
    const Yaml& body = cases.items[i].as_map("a map such as {n: 4, dtype: float32, weight: 1}");
    std::vector<std::string> allowed{"init", "dtype", "weight", "doc"};
    allowed.insert(allowed.end(), t.symbols.begin(), t.symbols.end());
    if (!t.step.empty()) {
      allowed.insert(allowed.end(), std::begin(kStepSizes), std::end(kStepSizes));
      allowed.push_back("steps");
      for (const Field& f : registry.struct_spec(t.step).fields)
        if (f.type == FieldType::kInt &&
            std::find(allowed.begin(), allowed.end(), f.name) == allowed.end())
          allowed.push_back(f.name);
    }
    bool rows =
        std::any_of(t.args.begin(), t.args.end(), [](const Field& f) { return f.tensor.ellipsis; });
    if (rows) allowed.push_back("n");
    for (size_t k = 0; k < body.keys.size(); ++k) {
      const Yaml &key = body.keys[k], &value = body.items[k];
      if (std::find(allowed.begin(), allowed.end(), key.text) == allowed.end())
        fail_at(key, "unknown key \"{}\" in {}, expected one of: {}{}", key.text, where,
                fmt::join(allowed, ", "), did_you_mean(key.text, allowed));
      if (key.text == "init")
        check_case_init(registry, t, value, where);
      else if (key.text == "steps")
        check_steps(value);
      else if (key.text == "doc")
        value.as_text("a text");
      else if (key.text == "dtype") {
        Field f;
        f.type = FieldType::kDtype;
        parse_value(value, f);
      } else if (key.text == "weight") {
        if (value.as_float("a weight of 0 or more") < 0)
          fail_at(value, "found {}, expected a weight of 0 or more", value.text);
      } else if (value.as_int("a size") < 0)
        fail_at(value, "found {}, expected a size of 0 or more", value.text);
    }
    if (!body.find("init"))
      for (const Field& f : t.init)
        if (f.required())
          fail_at(body, "{} has no \"init\", expected one with \"{}\"", where, f.name);
  }
}

}  // namespace

std::optional<ExprType> expr_type(FieldType t) {
  switch (t) {
    case FieldType::kInt: return ExprType::kInt;
    case FieldType::kFloat: return ExprType::kFloat;
    case FieldType::kBool: return ExprType::kBool;
    case FieldType::kEnum:
    case FieldType::kDtype: return ExprType::kText;
    case FieldType::kOptionalInt: return ExprType::kOptionalInt;
    case FieldType::kInts: return ExprType::kInts;
    default: return std::nullopt;
  }
}

void resolve_fields(const Registry& registry, std::vector<Field>& fields, const Yaml* section) {
  for (Field& f : fields) {
    const Yaml* body = section ? section->find(f.name) : nullptr;
    if (!body) continue;
    const Yaml* of = body->find("of");
    auto unknown = [&](const char* what, const std::vector<std::string>& names) {
      fail_at(*of, "unknown {} \"{}\" of \"{}\", expected one of: {}{}", what, f.of, f.name,
              fmt::join(names, ", "), did_you_mean(f.of, names));
    };
    if (f.type == FieldType::kEnum) {
      const EnumSpec* e = registry.find_enum(f.of);
      if (!e)
        unknown("enum", keys(registry.enums()));
      else
        f.values = e->values;
    }
    if (f.type == FieldType::kStruct && !registry.find_struct(f.of))
      unknown("struct", keys(registry.structs()));
    if (f.type == FieldType::kInstance && !registry.find(f.of))
      unknown("task", keys(registry.tasks()));
    if (const Yaml* d = body->find("default")) f.default_value = parse_value(*d, f);
  }
}

void resolve_struct(const Registry& registry, StructSpec& s, const Yaml& root) {
  const Yaml* section = root.find("fields");
  resolve_fields(registry, s.fields, section);
  Scope scope;
  scope.add_fields(s.fields);
  std::vector<std::string> symbols;
  bind_symbols(s.fields, {}, symbols);
  for (const std::string& n : symbols) scope.add(n, ExprType::kInt);
  for (const Field& f : s.fields) check_tensor(scope, f, *section->find(f.name));
}

void resolve_task(const Registry& registry, TaskSpec& t, const Yaml& root) {
  if (!t.step.empty() && !registry.find_struct(t.step)) {
    std::vector<std::string> names = keys(registry.structs());
    fail_at(*root.find("step"), "unknown struct \"{}\", expected one of: {}{}", t.step,
            fmt::join(names, ", "), did_you_mean(t.step, names));
  }
  const Yaml *init = root.find("init"), *params = root.find("params"),
             *states = root.find("states"), *inputs = root.find("inputs"),
             *outputs = root.find("outputs");
  auto body_of = [&](const Field& f) -> const Yaml& {
    const Yaml* section = f.role == Field::Role::kIn      ? inputs
                          : f.role == Field::Role::kOut   ? outputs
                          : f.role == Field::Role::kParam ? params
                                                          : states;
    return *section->find(f.name);
  };
  resolve_fields(registry, t.init, init);
  resolve_fields(registry, t.args, inputs);

  Scope of_init;  // conditions and params: known when the task is built
  of_init.add_fields(t.init);
  for (const Field& f : t.params) check_tensor(of_init, f, body_of(f));
  for (const std::vector<Field>* list : {&t.params, &t.states, &t.args})
    for (const Field& f : *list)
      if (f.when) of_init.check_bool(*f.when, *body_of(f).find("when"));

  Scope of_states = of_init;  // plus sizes that the host chooses (num_blocks)
  std::vector<std::string> host_sizes;
  bind_symbols(t.states, t.init, host_sizes);
  for (const std::string& n : host_sizes) of_states.add(n, ExprType::kInt);
  for (const Field& f : t.states) check_tensor(of_states, f, body_of(f));

  Scope all = of_init;  // plus what the tensors of a call bind
  bind_symbols(t.args, t.init, t.symbols);
  for (const std::string& n : t.symbols) all.add(n, ExprType::kInt);
  for (const Field& f : t.args)
    if (std::optional<ExprType> type = expr_type(f.type)) all.add(f.name, *type);
  if (!t.step.empty())
    for (const Field& f : registry.struct_spec(t.step).fields)
      if (std::optional<ExprType> type = expr_type(f.type)) all.add(f.name, *type);
  for (const Field& f : t.args) check_tensor(all, f, body_of(f)), check_like(t, f, body_of(f));
  for (std::string_view n : kBuiltins) all.add(n, ExprType::kInt);
  if (t.bytes) all.check_number(*t.bytes, *root.find("bytes"));
  if (t.flops) all.check_number(*t.flops, *root.find("flops"));
}

void check_cases(const Registry& registry, const TaskSpec& t, const Yaml& root) {
  if (const Yaml* cases = root.find("cases")) check_all_cases(registry, t, *cases);
}

}  // namespace fk::core
