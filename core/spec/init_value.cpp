// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <deque>

#include "core/base/dtype.hpp"
#include "core/base/nearest.hpp"
#include "core/spec/layout.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {
namespace {

// The bytes of one struct and of everything it points to. Grows by whole blocks, so addresses stay.
class Memory {
 public:
  std::byte* add(size_t bytes) {
    blocks_.emplace_back((bytes + 7) / 8, 0);
    return reinterpret_cast<std::byte*>(blocks_.back().data());
  }

 private:
  std::deque<std::vector<uint64_t>> blocks_;
};

template <class T>
T read(const void* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
template <class T>
void write(void* at, const T& v) {
  std::memcpy(at, &v, sizeof v);
}

int32_t enum_index(const Field& f, const std::string& value) {
  auto at = std::find(f.values.begin(), f.values.end(), value);
  if (at == f.values.end())
    bad_input("{}: \"{}\" is no value of the enum {}, expected one of: {}{}", f.name, value, f.of,
              fmt::join(f.values, ", "), did_you_mean(value, f.values));
  return int32_t(at - f.values.begin());
}

void write_ints(Memory& memory, std::byte* at, const std::vector<int64_t>& values) {
  fk_i64s list{nullptr, values.size()};
  if (!values.empty()) {
    std::byte* data = memory.add(values.size() * sizeof(int64_t));
    std::memcpy(data, values.data(), values.size() * sizeof(int64_t));
    list.data = reinterpret_cast<const int64_t*>(data);
  }
  write(at, list);
}

[[noreturn]] void wrong(const std::string& where, const Json& v, const char* expected) {
  std::string found = v.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (found.size() > 60) found = found.substr(0, 60) + "...";
  bad_input("{}: found {}, expected {}", where, found, expected);
}

int64_t as_int(const std::string& where, const Json& v, const char* expected) {
  if (v.is_number_unsigned() && v.get<uint64_t>() <= uint64_t(INT64_MAX))
    return int64_t(v.get<uint64_t>());
  if (v.is_number_integer() && !v.is_number_unsigned()) return v.get<int64_t>();
  wrong(where, v, expected);
}

}  // namespace

struct InitValue::Impl {
  const Registry* registry = nullptr;
  const TaskSpec* task = nullptr;
  Memory memory;
  std::byte* data = nullptr;
  std::vector<std::pair<std::string, Json>> pending;

  const Field* field(std::string_view name) const {
    for (const Field& f : task->init)
      if (f.name == name) return &f;
    return nullptr;
  }

  // Fills `data` from JSON, every field of it.
  void from_json(std::byte* to, size_t size, const std::vector<Field>& fields, const Json& json,
                 const std::string& where) {
    if (!json.is_object()) wrong(where, json, "an object");
    write(to, size);
    std::vector<std::string> names;
    for (const Field& f : fields) names.push_back(f.name);
    for (const auto& [key, value] : json.items())
      if (std::find(names.begin(), names.end(), key) == names.end())
        bad_input("{}: unknown field \"{}\", expected one of: {}{}", where, key,
                  fmt::join(names, ", "), did_you_mean(key, names));
    for (const Field& f : fields) {
      auto given = json.find(f.name);
      if (given != json.end())
        put(to + f.offset, f, *given, where + "." + f.name);
      else if (f.required())
        bad_input("{}: has no \"{}\", expected one (it has no default)", where, f.name);
      else if (!f.default_value.is_null())
        put(to + f.offset, f, f.default_value, where + "." + f.name);
    }
  }

  void put(std::byte* at, const Field& f, const Json& v, const std::string& where) {
    switch (f.type) {
      case FieldType::kInt: return write(at, as_int(where, v, "an integer"));
      case FieldType::kFloat:
        if (!v.is_number()) wrong(where, v, "a number");
        return write(at, v.get<double>());
      case FieldType::kBool:
        if (!v.is_boolean()) wrong(where, v, "true or false");
        return write(at, uint8_t(v.get<bool>()));
      case FieldType::kEnum:
        if (!v.is_string()) wrong(where, v, "a text");
        try {
          return write(at, enum_index(f, v.get<std::string>()));
        } catch (const Error& e) {
          throw Error(e.code(), where.substr(0, where.size() - f.name.size()) + e.text());
        }
      case FieldType::kOptionalInt:
        if (v.is_null()) return;
        return write(at, fk_opt_i64{as_int(where, v, "an integer or null"), 1});
      case FieldType::kInts: {
        if (!v.is_array()) wrong(where, v, "a list of integers");
        std::vector<int64_t> values;
        for (const Json& i : v) values.push_back(as_int(where, i, "an integer"));
        return write_ints(memory, at, values);
      }
      case FieldType::kDtype: {
        if (!v.is_string()) wrong(where, v, "a dtype such as \"float32\"");
        std::optional<fk_dtype> t = parse_dtype(v.get<std::string>());
        if (!t) wrong(where, v, "a dtype such as \"float32\"");
        return write(at, *t);
      }
      case FieldType::kInstance: {
        if (v.is_null() && f.optional) return;
        const TaskSpec& of = registry->task(f.of);
        InitValue::from_json(*registry, of, v);  // its mistakes belong to this value
        pending.emplace_back(f.name, v);
        return;
      }
      case FieldType::kStruct: {
        if (v.is_null() && f.optional) return;
        const StructSpec& s = registry->struct_spec(f.of);
        std::byte* child = memory.add(s.size);
        from_json(child, s.size, s.fields, v, where);
        return write(at, child);
      }
      default: bad_input("{}: a tensor cannot be given as text", where);
    }
  }

  // Deep copy of a foreign struct.
  void copy(std::byte* to, size_t size, const std::vector<Field>& fields, const std::byte* from,
            const std::string& where) {
    const size_t theirs = read<size_t>(from);
    if (theirs < sizeof(size_t) || theirs > (1u << 20))
      bad_input("{}: struct_size is {}, expected {}", where, theirs, size);
    write(to, size);
    for (const Field& f : fields) {
      const std::string here = where + "." + f.name;
      if (theirs >= f.offset + slot_of(f.type).size)
        copy_field(to + f.offset, f, from + f.offset, here);
      else if (f.required())
        bad_input("{}: lies beyond the struct's size of {} bytes and has no default", here, theirs);
      else if (!f.default_value.is_null())
        put(to + f.offset, f, f.default_value, here);
    }
  }

  void copy_field(std::byte* to, const Field& f, const std::byte* from, const std::string& where) {
    switch (f.type) {
      case FieldType::kBool: return write(to, uint8_t(read<uint8_t>(from) != 0));
      case FieldType::kEnum: {
        int32_t v = read<int32_t>(from);
        if (v < 0 || size_t(v) >= f.values.size())
          bad_input("{}: {} is no value of the enum {}, expected 0 to {}", where, v, f.of,
                    f.values.size() - 1);
        return write(to, v);
      }
      case FieldType::kOptionalInt: {
        fk_opt_i64 v{read<int64_t>(from), read<uint8_t>(from + offsetof(fk_opt_i64, has))};
        return write(to, v.has ? fk_opt_i64{v.value, 1} : fk_opt_i64{0, 0});
      }
      case FieldType::kInts: {
        fk_i64s list = read<fk_i64s>(from);
        if (list.size > (1u << 20) || (list.size && !list.data))
          bad_input("{}: a list of {} integers at {}, expected a list", where, list.size,
                    static_cast<const void*>(list.data));
        return write_ints(memory, to, {list.data, list.data + list.size});
      }
      case FieldType::kDtype: {
        fk_dtype t = read<fk_dtype>(from);
        if (dtype_name(t) == "unknown")
          bad_input("{}: the dtype (code {}, bits {}, lanes {}) is none of ours", where, t.code,
                    t.bits, t.lanes);
        return write(to, t);
      }
      case FieldType::kInstance: {
        const void* p = read<const void*>(from);
        if (!p && !f.optional) bad_input("{}: is NULL, expected an instance of {}", where, f.of);
        return write(to, p);
      }
      case FieldType::kStruct: {
        const std::byte* p = read<const std::byte*>(from);
        if (!p && !f.optional) bad_input("{}: is NULL, expected a {}", where, f.of);
        if (!p) return;
        const StructSpec& s = registry->struct_spec(f.of);
        std::byte* child = memory.add(s.size);
        copy(child, s.size, s.fields, p, where);
        return write(to, child);
      }
      default: std::memcpy(to, from, slot_of(f.type).size);
    }
  }

  Json show(const std::byte* from, const std::vector<Field>& fields,
            const std::function<Json(const fk_instance*)>& instance_text) const {
    Json out = Json::object();
    for (const Field& f : fields) out[f.name] = show_field(from + f.offset, f, instance_text);
    return out;
  }
  Json show_field(const std::byte* at, const Field& f,
                  const std::function<Json(const fk_instance*)>& instance_text) const {
    switch (f.type) {
      case FieldType::kInt: return read<int64_t>(at);
      case FieldType::kFloat: return read<double>(at);
      case FieldType::kBool: return read<uint8_t>(at) != 0;
      case FieldType::kEnum: return f.values.at(size_t(read<int32_t>(at)));
      case FieldType::kOptionalInt:
        return read<uint8_t>(at + offsetof(fk_opt_i64, has)) ? Json(read<int64_t>(at)) : Json();
      case FieldType::kInts: {
        fk_i64s list = read<fk_i64s>(at);
        return std::vector<int64_t>(list.data, list.data + list.size);
      }
      case FieldType::kDtype: return dtype_name(read<fk_dtype>(at));
      case FieldType::kStruct: {
        const std::byte* p = read<const std::byte*>(at);
        return p ? show(p, registry->struct_spec(f.of).fields, instance_text) : Json();
      }
      case FieldType::kInstance: {
        const fk_instance* p = read<const fk_instance*>(at);
        for (const auto& [name, json] : pending)
          if (!p && name == f.name) return json;
        if (!p) return nullptr;
        return instance_text ? instance_text(p) : Json(f.of);
      }
      default: return nullptr;
    }
  }
};

InitValue InitValue::from_json(const Registry& registry, const TaskSpec& task, const Json& fields) {
  InitValue v;
  v.impl_ = std::make_shared<Impl>();
  v.impl_->registry = &registry;
  v.impl_->task = &task;
  v.impl_->data = v.impl_->memory.add(task.init_size);
  v.impl_->from_json(v.impl_->data, task.init_size, task.init, fields, task.name + " init");
  return v;
}

InitValue InitValue::from_struct(const Registry& registry, const TaskSpec& task, const void* init) {
  if (!init) bad_input("{} init: is NULL, expected a struct", task.name);
  InitValue v;
  v.impl_ = std::make_shared<Impl>();
  v.impl_->registry = &registry;
  v.impl_->task = &task;
  v.impl_->data = v.impl_->memory.add(task.init_size);
  v.impl_->copy(v.impl_->data, task.init_size, task.init, static_cast<const std::byte*>(init),
                task.name + " init");
  return v;
}

const void* InitValue::data() const { return impl_->data; }
const TaskSpec& InitValue::task() const { return *impl_->task; }

Json InitValue::to_json(const std::function<Json(const fk_instance*)>& instance_text) const {
  return impl_->show(impl_->data, impl_->task->init, instance_text);
}

std::optional<Value> InitValue::lookup(std::string_view name) const {
  const Field* f = impl_->field(name);
  if (!f) return std::nullopt;
  const std::byte* at = impl_->data + f->offset;
  switch (f->type) {
    case FieldType::kInt: return read<int64_t>(at);
    case FieldType::kFloat: return read<double>(at);
    case FieldType::kBool: return read<uint8_t>(at) != 0;
    case FieldType::kEnum: return f->values.at(size_t(read<int32_t>(at)));
    case FieldType::kDtype: return std::string(dtype_name(read<fk_dtype>(at)));
    case FieldType::kOptionalInt:
      if (!read<uint8_t>(at + offsetof(fk_opt_i64, has))) return std::nullopt;
      return read<int64_t>(at);
    case FieldType::kInts: {
      fk_i64s list = read<fk_i64s>(at);
      return std::vector<int64_t>(list.data, list.data + list.size);
    }
    case FieldType::kInstance: {  // for has(): what it is has no value
      bool given = read<const void*>(at) != nullptr;
      for (const auto& [pending, json] : impl_->pending) given = given || pending == name;
      return given ? std::optional<Value>(true) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::vector<std::pair<std::string, Json>> InitValue::pending_instances() const {
  return impl_->pending;
}

void InitValue::set_instance(std::string_view name, const fk_instance* instance) {
  const Field* f = impl_->field(name);
  if (!f || f->type != FieldType::kInstance) {
    std::vector<std::string> names;
    for (const Field& g : impl_->task->init)
      if (g.type == FieldType::kInstance) names.push_back(g.name);
    bad_input("{} init: \"{}\" is no field of type instance{}", impl_->task->name, name,
              did_you_mean(name, names));
  }
  write(impl_->data + f->offset, instance);
}

}  // namespace fk::core
