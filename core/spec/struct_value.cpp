// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <map>

#include "core/base/nearest.hpp"
#include "core/spec/layout.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

struct StructValue::Impl {
  std::string name;
  std::vector<Field> fields;
  std::vector<uint64_t> bytes;
  std::map<std::string, std::vector<const fk_tensor*>, std::less<>> lists;

  Impl(std::string of, const std::vector<Field>& f, size_t size)
      : name(std::move(of)), fields(f), bytes((size + 7) / 8, 0) {
    std::memcpy(bytes.data(), &size, sizeof size);
    for (const Field& field :
         fields) {  // what a struct's maker may leave out stands at its default
      if (field.default_value.is_number_integer() && field.type == FieldType::kInt)
        put(field, field.default_value.get<int64_t>());
    }
  }
  const Field& field(std::string_view wanted) const {
    for (const Field& f : fields)
      if (f.name == wanted) return f;
    std::vector<std::string> names;  // only now: engines set fields every step
    for (const Field& f : fields) names.push_back(f.name);
    bad_input("{}: unknown field \"{}\", expected one of: {}{}", name, wanted,
              fmt::join(names, ", "), did_you_mean(wanted, names));
  }
  template <class T>
  void put(const Field& f, const T& v) {
    std::memcpy(reinterpret_cast<std::byte*>(bytes.data()) + f.offset, &v, sizeof v);
  }
  [[noreturn]] void wrong(const Field& f, const char* given) const {
    bad_input("{}.{}: given {}, expected the type {}", name, f.name, given, type_name(f.type));
  }
};

StructValue StructValue::args(const TaskSpec& t) {
  StructValue v;
  v.impl_ = std::make_shared<Impl>(t.name + " args", t.args, t.args_size);
  return v;
}

StructValue StructValue::step(const StructSpec& s) {
  StructValue v;
  v.impl_ = std::make_shared<Impl>(s.name, s.fields, s.size);
  return v;
}

void StructValue::set(std::string_view name, const fk_tensor* t) {
  const Field& f = impl_->field(name);
  if (f.type != FieldType::kTensor) impl_->wrong(f, "a tensor");
  impl_->put(f, t);
}

void StructValue::set(std::string_view name, int64_t v) {
  const Field& f = impl_->field(name);
  switch (f.type) {
    case FieldType::kInt: return impl_->put(f, v);
    case FieldType::kFloat: return impl_->put(f, double(v));
    case FieldType::kBool: return impl_->put(f, uint8_t(v != 0));
    case FieldType::kEnum: return impl_->put(f, int32_t(v));
    case FieldType::kOptionalInt: return impl_->put(f, fk_opt_i64{v, 1});
    default: impl_->wrong(f, "an integer");
  }
}

void StructValue::set(std::string_view name, double v) {
  const Field& f = impl_->field(name);
  if (f.type != FieldType::kFloat) impl_->wrong(f, "a number");
  impl_->put(f, v);
}

void StructValue::set(std::string_view name, std::vector<const fk_tensor*> list) {
  const Field& f = impl_->field(name);
  if (f.type != FieldType::kTensors) impl_->wrong(f, "a list of tensors");
  std::vector<const fk_tensor*>& kept = impl_->lists[f.name] = std::move(list);
  impl_->put(f, fk_tensors{kept.data(), kept.size()});
}

void* StructValue::data() { return impl_->bytes.data(); }
const void* StructValue::data() const { return impl_->bytes.data(); }

}  // namespace fk::core
