// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/spec/expr.hpp"
#include "fk/abi.h"

namespace fk::core {

using Json = nlohmann::ordered_json;

enum class FieldType {
  kInt,
  kFloat,
  kBool,
  kEnum,
  kOptionalInt,
  kInts,
  kDtype,
  kTensor,
  kTensors,
  kInstance,
  kStruct
};

// What a tensor must look like. An empty `dtypes` means the run dtype. `ellipsis`: any number of
// leading dimensions.
struct TensorSpec {
  std::vector<fk_dtype> dtypes;  // allowed ones
  bool run_dtype = true;         // the run dtype is allowed
  std::vector<Expr> shape;
  bool ellipsis = false;
};

// One member of an init, args or step struct, or one param or state (which have no place in a
// struct).
struct Field {
  std::string name;
  FieldType type = FieldType::kTensor;
  std::string of;  // enum, struct or task name for kEnum, kStruct, kInstance
  bool optional = false, is_mutable = false;
  enum class Role { kInit, kParam, kState, kIn, kOut, kStep } role = Role::kInit;
  TensorSpec tensor;                // for tensors
  std::optional<Expr> when;         // absent: always there
  std::optional<Expr> low, high;    // of the values of an input: [low, high)
  std::string like;                 // an output with the shape and dtype of this input
  Json default_value;               // null: required (init only)
  std::vector<std::string> values;  // of the enum, for kEnum
  std::string doc;
  size_t offset = 0;  // in the generated C struct
  bool required() const {
    return default_value.is_null() && type != FieldType::kOptionalInt && !optional;
  }
};

// registry/tasks/L?/<name>.yaml
struct TaskSpec {
  std::string name, doc, interface, step, file;
  int level = 1, revision = 1;
  std::vector<Field> init, params, states, args;  // args: inputs, then outputs
  Json mirrors, check, cases;
  std::vector<std::string>
      symbols;  // names of dimensions that the first tensor that has them binds
  std::optional<Expr> bytes, flops;
  size_t init_size = 0, args_size = 0;  // sizeof the generated structs
  std::string signature_text;
  uint64_t signature = 0;  // FNV-1a of signature_text
};

// registry/structs/<name>.yaml: a step struct, or a shared enum.
struct StructSpec {
  std::string name, doc, file;
  int revision = 1;
  std::vector<Field> fields;
  size_t size = 0;
};
struct EnumSpec {
  std::string name, doc, file;
  int revision = 1;
  std::vector<std::string> values;
};

}  // namespace fk::core
