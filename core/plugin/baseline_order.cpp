// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/baseline_order.hpp"

#include "core/spec/yaml.hpp"

namespace fk::core {

const std::vector<std::string>* BaselineOrder::find(std::string_view task, Phase p) const {
  const auto& tasks = p == Phase::kDecode ? decode : prefill;
  const auto at = tasks.find(task);
  return at == tasks.end() ? nullptr : &at->second;
}

BaselineOrder BaselineOrder::read(const std::filesystem::path& path) {
  const YamlFile file = load_yaml(path, path.string());
  file.root.as_map("a mapping with decode and prefill");
  file.root.only({"decode", "prefill"}, "an order of baselines");
  BaselineOrder order;
  for (auto [phase, tasks] : {std::pair{"decode", &order.decode}, {"prefill", &order.prefill}}) {
    const Yaml* node = file.root.find(phase);
    if (!node) continue;
    node->as_map("a mapping from tasks to lists of implementations");
    for (size_t i = 0; i < node->keys.size(); ++i)
      for (const Yaml& item : node->items[i].as_list("a list of implementations").items)
        (*tasks)[node->keys[i].text].push_back(item.as_text("a plugin, or plugin/name"));
  }
  return order;
}

}  // namespace fk::core
