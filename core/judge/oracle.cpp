// SPDX-License-Identifier: Apache-2.0
#include "core/judge/oracle.hpp"

#include "core/base/error.hpp"

namespace fk::judge {

Oracle::Oracle(const core::Registry& registry, const std::filesystem::path& plugins)
    : catalog_(registry) {
  for (const char* name : {"reference", "composed"})
    if (std::filesystem::is_directory(plugins / name))
      catalog_.add_folder(plugins / name, core::Implementation::Kind::kBaseline);
  for (const core::Refusal& r : catalog_.refusals())
    core::missing("the reference: {}: {}", r.file, r.reason);
  if (!std::filesystem::is_directory(plugins / "reference"))
    core::missing("{}: no reference there to judge by", plugins.string());
}

Oracle::Prepared Oracle::prepare(const core::TaskSpec& task, const cases::Case& c) const {
  const core::Policy reference = core::Policy::parse("candidate:reference");
  Prepared p;
  p.dtype_ = c.dtype;
  p.weights_ = std::make_shared<cases::RandomWeights>(c.seed + 6, c.dtype);
  p.exact_ = build_case(catalog_, task, c, Prepared::kExact, reference, p.weights_);
  p.plain_ = build_case(catalog_, task, c, c.dtype, reference, p.weights_);
  return p;
}

}  // namespace fk::judge
