// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/node.hpp"

#include "core/plugin/load_host.hpp"
#include "core/runtime/layers.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {

std::string Node::label() const {
  std::string text = path.empty() && spec ? spec->name : path;
  if (implementation)
    text += fmt::format(" ({} {})", implementation->id(), implementation->version);
  return text;
}

fk_status note_failure(const Node& node, fk_status s) noexcept {
  ErrorRecord& record = error_record();
  if (record.located && !record.text.empty()) return s;  // a child or the plugin itself has said it
  if (record.text.empty())
    record.text = fmt::format("returned {} without a message", status_name(s));
  record = {s, fmt::format("{}: {}", node.label(), record.text), true};
  return s;
}

fk_status Node::call(const fk_run* run, const void* args) {
  try {
    if (decode && *decoding) return decode->forward(decode->state, &host, run, args);
    return impl_forward(state, &host, run, args);
  } catch (...) { return record_escape("forward"); }
}

fk_status Node::forward_plain(fk_instance* self, const fk_run* run, const void* args) {
  Node* node = static_cast<Node*>(self);
  const Arena::Mark mark = node->arena->mark();
  const fk_status s = node->call(run, args);
  node->arena->release(mark);
  return s == FK_OK ? s : note_failure(*node, s);
}

fk_status Node::forward_layered(fk_instance* self, const fk_run* run, const void* args) {
  Node* node = static_cast<Node*>(self);
  const Arena::Mark mark = node->arena->mark();
  const fk_status s = run_layers(node->tree->layers(), *node, run, args);
  node->arena->release(mark);
  return s == FK_OK ? s : note_failure(*node, s);
}

void Node::destroy() noexcept {
  if (decode)
    contain("destroy", [&] { return decode->implementation->impl->destroy(decode->state), FK_OK; });
  contain("destroy", [&] { return implementation->impl->destroy(state), FK_OK; });
}

fk_status Node::call_on_step(const fk_run* run) {
  const bool own = decode && *decoding;
  const fk_impl* impl = own ? decode->implementation->impl : implementation->impl;
  if (!FK_HAS(impl, on_step) || !impl->on_step) return FK_OK;
  void* const at = own ? decode->state : state;
  const Arena::Mark mark = arena->mark();
  const fk_status s = contain("on_step", [&] { return impl->on_step(at, &host, run); });
  arena->release(mark);
  return s == FK_OK ? s : note_failure(*this, s);
}

}  // namespace fk::core
