// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/weights/name_map.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {
using namespace names;

Json init_from_file(const TensorFile& file, const std::filesystem::path& name_map,
                    bool keep_quant) {
  const NameMap map = NameMap::load(name_map);
  map.check(file);
  Names names = let_names(map, &file);
  const std::string what =
      file.name() + (file.format() == "gguf"              ? ""
                     : file.metadata().contains("config") ? ": config.json"
                                                          : " (no config.json beside it)");
  const ValueSource from{metadata_root(file), &file, keep_quant, what};
  Json init = Json::object();
  for (const NamedValue& n : map.init)
    if (std::optional<Json> v = find_value(map, n, from, names)) {
      names.set(n.name, *v);
      init[n.name] = std::move(*v);
    }
  for (const Refusal& r : map.refuse) {
    try {
      if (!r.when.eval_bool(names.lookup())) continue;
    } catch (const Error& e) { throw e.within(map.file); }
    bad_input("{}: {} (it holds: {})", what, r.because, r.when.text());
  }
  return init;
}

}  // namespace fk::core
