// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/model.hpp"

#include "core/base/error.hpp"
#include "core/plugin/load_host.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {

struct Model::Impl {
  Impl(const Catalog& catalog, std::shared_ptr<WeightStore> weights, const BuildOptions& options)
      : tree(catalog, std::move(weights), options) {}
  Tree tree;
  Node* root = nullptr;
  const Field* max_query_len = nullptr;  // of the step struct, where there is one

  // The phase is a property of the step, so it is the same for all nodes.
  void set_phase(const void* step) {
    tree.set_decoding(step && max_query_len &&
                      *reinterpret_cast<const int64_t*>(static_cast<const char*>(step) +
                                                        max_query_len->offset) == 1);
  }
  fk_run run_of(const void* step, bool capturing) const {
    return {sizeof(fk_run),
            tree.device() ? tree.device()->stream() : nullptr,
            tree.options().device,
            capturing ? uint32_t(FK_RUN_CAPTURING) : 0u,
            step,
            tree.options().dtype};
  }
};

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;

std::unique_ptr<Model> Model::build(const Catalog& catalog, std::shared_ptr<WeightStore> weights,
                                    const std::string& task, const Json& init,
                                    const BuildOptions& options) {
  const TaskSpec& spec = catalog.registry().task(task);
  auto impl = std::make_unique<Impl>(catalog, std::move(weights), options);
  InitValue value = InitValue::from_json(catalog.registry(), spec, init);
  impl->tree.build_instances(value, "");
  impl->root = impl->tree.build_root(spec, std::move(value));
  impl->tree.finish();
  if (!spec.step.empty())
    for (const Field& f : catalog.registry().struct_spec(spec.step).fields)
      if (f.name == "max_query_len") impl->max_query_len = &f;
  return std::unique_ptr<Model>(new Model(std::move(impl)));
}

const TaskSpec& Model::task() const { return *impl_->root->spec; }
const InitValue& Model::init() const { return impl_->root->init_value; }
const Plan& Model::plan() const { return impl_->tree.plan(); }

void Model::run(const void* step, const void* args) {
  on_step(step);
  forward(step, args);
}

void Model::on_step(const void* step) {
  impl_->set_phase(step);
  Tree& tree = impl_->tree;
  const fk_run run = impl_->run_of(step, false);
  error_record().clear();
  fk_status s = FK_OK;
  for (Node* node : tree.steppers())
    if (s == FK_OK) s = node->call_on_step(&run);
  if (s != FK_OK) throw Error(code_of(s), take_error(s));
}

void Model::forward(const void* step, const void* args, bool capturing) {
  impl_->set_phase(step);
  const fk_run run = impl_->run_of(step, capturing);
  error_record().clear();
  const fk_status s = impl_->root->forward(impl_->root, &run, args);
  if (!capturing) impl_->tree.arena().settle();
  if (s != FK_OK) throw Error(code_of(s), take_error(s));
}

void Model::pin() { impl_->tree.arena().pin(); }
void Model::freeze() { impl_->tree.arena().freeze(); }
size_t Model::scratch_bytes() const { return impl_->tree.arena().high_water(); }
const std::shared_ptr<Device>& Model::device() const { return impl_->tree.shared_device(); }
size_t Model::weight_bytes() const { return impl_->tree.weight_bytes(); }
size_t Model::state_bytes() const { return impl_->tree.state_bytes(); }

std::map<std::string, const fk_tensor*> Model::states() const { return impl_->tree.states(); }

size_t Model::retained_bytes() const {
  size_t sum = 0;
  for (const auto& node : impl_->tree.nodes()) sum += node->retained;
  return sum;
}

Json Model::timings() const {
  for (const auto& layer : impl_->tree.layers())
    if (Json report = layer->report(impl_->tree.nodes()); !report.is_null()) return report;
  return Json::array();
}

void Model::close() {
  std::string text;
  for (const std::string& line : impl_->tree.destroy()) text += (text.empty() ? "" : "\n") + line;
  if (!text.empty()) throw Error(Code::kCheckFailed, text);
}

}  // namespace fk::core
