// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>

#include "core/base/error.hpp"
#include "core/plugin/load_host.hpp"
#include "core/runtime/tree.hpp"

namespace fk::core {
namespace {

constexpr size_t kGuard = 256;  // bytes of canary on each side of guarded scratch
constexpr unsigned char kCanary = 0xCA, kUnwritten = 0xFF;

Node& node_of(const fk_host* host) { return *static_cast<Node*>(host->self); }

void log(const fk_host* host, int32_t level, fk_str text) {
  fmt::print(stderr, "plugin[{}] {}: {}\n", level, node_of(host).label(), to_string(text));
}

fk_status error(const fk_host* host, fk_status code, fk_str text) {
  error_record() = {code, fmt::format("{}: {}", node_of(host).label(), to_string(text)), true};
  return code;
}

// Runs a build-time service. Error ends here: it must not cross the plugin that called.
template <class F>
fk_status serve(const fk_host* host, const char* what, F&& body) noexcept {
  Node& node = node_of(host);
  try {
    if (!node.tree->building())
      bad_input("{} is offered while an instance is built, not in forward", what);
    body(node);
    return FK_OK;
  } catch (const Error& e) {
    if (error_record().located && error_record().text == e.text())
      return error_record().code;  // of a child
    const fk_status s = status_of(e.code());
    error_record() = {s, fmt::format("{}: {}", node.label(), e.text()), true};
    return s;
  } catch (const std::bad_alloc&) {
    error_record() = {FK_OUT_OF_MEMORY, fmt::format("{}: {}: out of memory", node.label(), what),
                      true};
    return FK_OUT_OF_MEMORY;
  } catch (...) { return record_escape(what); }
}

fk_status alloc(const fk_host* host, fk_device device, size_t bytes, void** out) {
  return serve(host, "alloc", [&](Node& node) { *out = node.tree->allocate(node, device, bytes); });
}

fk_status child(const fk_host* host, fk_str slot, fk_str task, uint64_t signature, const void* init,
                fk_instance** out) {
  return serve(host, "child", [&](Node& node) {
    std::string path = node.path;
    if (slot.size > 0) path += (path.empty() ? "" : ".") + to_string(slot);
    *out = node.tree->build(&node, path, to_string(task), signature, init);
  });
}

fk_status param(const fk_host* host, fk_str name, const fk_tensor** out) {
  return serve(host, "param", [&](Node& node) { *out = node.tree->param(node, to_string(name)); });
}

fk_status state(const fk_host* host, fk_str name, const fk_tensor** out) {
  return serve(host, "state", [&](Node& node) { *out = node.tree->state(node, to_string(name)); });
}

fk_status no_scratch(const Node& node, size_t bytes) {
  const Arena& arena = *node.arena;
  const std::string why =
      arena.frozen() ? fmt::format("the scratch arena is frozen at {} bytes", arena.capacity())
                     : "out of memory";
  const std::string text =
      arena.refusal().empty()
          ? fmt::format("{}: {}, {} more are asked for", node.label(), why, bytes)
          : fmt::format("{}: {} bytes of scratch beside {}: {}", node.label(), bytes,
                        arena.capacity(), arena.refusal());
  error_record() = {FK_OUT_OF_MEMORY, text, true};
  return FK_OUT_OF_MEMORY;
}

fk_status scratch(const fk_host* host, const fk_run*, size_t bytes, void** out) {
  Node& node = node_of(host);
  *out = node.arena->allocate(bytes);
  return *out ? FK_OK : no_scratch(node, bytes);
}

// Canaries on both sides and NaN inside; the validate layer looks at them when the frame closes.
fk_status guarded_scratch(const fk_host* host, const fk_run*, size_t bytes, void** out) {
  Node& node = node_of(host);
  const size_t whole = bytes + 2 * kGuard;
  auto* p = whole < bytes ? nullptr : static_cast<unsigned char*>(node.arena->allocate(whole));
  if (!p) return no_scratch(node, bytes);
  std::memset(p, kCanary, whole);
  std::memset(p + kGuard, kUnwritten, bytes);
  node.tree->guards().push_back({p + kGuard, bytes});
  *out = p + kGuard;
  return FK_OK;
}

const void* service(const fk_host* host, fk_str id) {
  const std::string_view name(id.data ? id.data : "", id.data ? id.size : 0);
  return name == FK_THREADS_SERVICE ? node_of(host).tree->threads() : nullptr;
}

}  // namespace

fk_host make_host(Node& node) {
  const bool guarded = node.tree->options().layers.validate;
  return {sizeof(fk_host),
          FK_ABI_MAJOR,
          FK_ABI_MINOR,
          &node,
          log,
          error,
          alloc,
          child,
          param,
          state,
          guarded ? guarded_scratch : scratch,
          service};
}

Code code_of(fk_status s) {
  switch (s) {
    case FK_INVALID_ARGUMENT:
    case FK_UNSUPPORTED:
    case FK_ABI_MISMATCH: return Code::kBadInput;
    case FK_NOT_FOUND:
    case FK_DEVICE_ERROR:
    case FK_OUT_OF_MEMORY: return Code::kMissing;
    default: return Code::kCheckFailed;
  }
}

fk_status status_of(Code c) {
  switch (c) {
    case Code::kBadInput: return FK_INVALID_ARGUMENT;
    case Code::kMissing: return FK_NOT_FOUND;
    default: return FK_INTERNAL;
  }
}

}  // namespace fk::core
