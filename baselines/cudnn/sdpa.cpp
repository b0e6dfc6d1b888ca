// SPDX-License-Identifier: Apache-2.0
// The only file that includes cudnn-frontend, which takes most of a minute to compile.
#include "sdpa.hpp"

#include <cudnn_frontend.h>

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "fk/plugin.hpp"

namespace fk::cudnn {
namespace {

namespace fe = cudnn_frontend;
using Attributes = fe::graph::Tensor_attributes;
using Dims = std::vector<int64_t>;

enum Uid : int64_t {
  kQ = 1,
  kK,
  kV,
  kOut,
  kQueries,
  kKeys,
  kQStart,
  kKvStart,
  kOutStart,
  kKTable,
  kVTable
};

struct Graph {
  fe::graph::Graph graph;
  int64_t workspace = 0;
  std::string fault;  // empty: can be run
};

std::string build(Graph& to, const SdpaSpec& s, cudnnHandle_t handle) {
  fe::graph::Graph& g = to.graph;
  g.set_io_data_type(s.half ? fe::DataType_t::HALF : fe::DataType_t::BFLOAT16)
      .set_intermediate_data_type(fe::DataType_t::FLOAT)
      .set_compute_data_type(fe::DataType_t::FLOAT);
  // Dimensions are always sequence, head, token, element; the strides say what lies where.
  const auto tensor = [&](const char* name, Uid uid, Dims dims, Dims strides) {
    return g.tensor(Attributes().set_name(name).set_uid(uid).set_dim(dims).set_stride(strides));
  };
  const auto ints = [&](const char* name, Uid uid, Dims dims) {
    Dims strides{dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1};
    return g.tensor(
        Attributes().set_name(name).set_uid(uid).set_dim(dims).set_stride(strides).set_data_type(
            fe::DataType_t::INT32));
  };
  const bool packed = s.kind != SdpaSpec::kDecode, pool = s.kind != SdpaSpec::kPacked;
  // Between sequences: a row in decode; where packed the offsets count.
  const Dims q_dims{s.seqs, s.heads, s.queries, s.size};
  const auto q = tensor("q", kQ, q_dims, {s.queries * s.q_row, s.q_head, s.q_row, 1});
  std::shared_ptr<Attributes> k, v;
  auto options = fe::graph::SDPA_attributes();
  options.set_name("sdpa").set_generate_stats(false).set_attn_scale(float(s.scale));
  options.set_padding_mask(true)
      .set_seq_len_q(ints("queries", kQueries, {s.seqs, 1, 1, 1}))
      .set_seq_len_kv(ints("keys", kKeys, {s.seqs, 1, 1, 1}));
  // A single query sees all keys, which needs no mask beside the lengths'.
  if (packed || s.window)
    options.set_diagonal_alignment(fe::DiagonalAlignment_t::BOTTOM_RIGHT)
        .set_diagonal_band_right_bound(0);
  if (s.window) options.set_diagonal_band_left_bound(s.window);
  if (pool) {
    const Dims dims{s.blocks, s.kv_heads, s.block_size, s.size};
    k = tensor("k", kK, dims, {s.k_block, s.k_head, s.k_token, 1});
    v = tensor("v", kV, dims, {s.v_block, s.v_head, s.v_token, 1});
    options.set_paged_attention_k_table(ints("k_table", kKTable, {s.seqs, 1, s.columns, 1}))
        .set_paged_attention_v_table(ints("v_table", kVTable, {s.seqs, 1, s.columns, 1}))
        .set_paged_attention_max_seq_len_kv(int(s.keys));
  } else {
    const int64_t row = s.kv_heads * s.size;
    const Dims dims{s.seqs, s.kv_heads, s.keys, s.size}, strides{s.keys * row, s.size, row, 1};
    k = tensor("k", kK, dims, strides);
    v = tensor("v", kV, dims, strides);
    const auto start = ints("kv_start", kKvStart, {s.seqs + 1, 1, 1, 1});
    k->set_ragged_offset(start);
    v->set_ragged_offset(start);
  }
  if (packed) q->set_ragged_offset(ints("q_start", kQStart, {s.seqs + 1, 1, 1, 1}));
  const auto out = g.sdpa(q, k, v, options)[0];
  out->set_output(true).set_uid(kOut).set_dim(q_dims).set_stride(
      {s.queries * s.out_row, s.out_head, s.out_row, 1});
  if (packed) out->set_ragged_offset(ints("out_start", kOutStart, {s.seqs + 1, 1, 1, 1}));

  fe::error_t e = g.validate();
  if (e.is_good()) e = g.build_operation_graph(handle);
  if (e.is_good()) e = g.create_execution_plans({fe::HeurMode_t::A});
  if (e.is_good()) e = g.check_support();
  if (e.is_good()) e = g.build_plans();
  if (e.is_good()) e = g.get_workspace_size(to.workspace);
  return e.is_good() ? "" : e.get_message();
}

}  // namespace

struct Sdpa::State {
  std::mutex mutex;
  cudnnHandle_t handle = nullptr;
  cudaStream_t stream = nullptr;  // the handle's
  std::map<SdpaSpec, std::unique_ptr<Graph>> graphs;
  std::set<SdpaSpec> said;
};

std::shared_ptr<Sdpa> Sdpa::of(int device) {
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<Sdpa>> all;
  std::lock_guard lock(mutex);
  auto found = all[device].lock();
  if (!found) all[device] = found = std::shared_ptr<Sdpa>(new Sdpa(device));
  return found;
}

Sdpa::Sdpa(int) : state_(std::make_unique<State>()) {
  const cudnnStatus_t s = fe::detail::create_handle(&state_->handle);
  if (s != CUDNN_STATUS_SUCCESS)
    throw Error(FK_UNSUPPORTED, "cudnnCreate: %s", fe::detail::get_error_string(s));
}
Sdpa::~Sdpa() {
  state_->graphs.clear();
  fe::detail::destroy_handle(state_->handle);
}

bool Sdpa::ready(const SdpaSpec& spec, bool build_it) {
  std::lock_guard lock(state_->mutex);
  const auto at = state_->graphs.find(spec);
  if (at != state_->graphs.end()) return at->second->fault.empty();
  if (!build_it) return false;
  auto made = std::make_unique<Graph>();
  try {
    made->fault = build(*made, spec, state_->handle);
  } catch (const std::exception& e) { made->fault = std::string("cudnn-frontend: ") + e.what(); }
  return state_->graphs.emplace(spec, std::move(made)).first->second->fault.empty();
}

std::string Sdpa::take_fault(const SdpaSpec& spec) {
  std::lock_guard lock(state_->mutex);
  if (!state_->said.insert(spec).second) return "";
  const auto at = state_->graphs.find(spec);
  return at == state_->graphs.end() ? "it was not built before a graph is recorded"
                                    : at->second->fault;
}

int64_t Sdpa::workspace(const SdpaSpec& spec) {
  std::lock_guard lock(state_->mutex);
  return state_->graphs.at(spec)->workspace;
}

void Sdpa::run(const SdpaSpec& spec, const SdpaCall& c, void* workspace, cudaStream_t stream) {
  std::lock_guard lock(state_->mutex);
  const auto mutable_of = [](const void* p) { return const_cast<void*>(p); };
  std::unordered_map<int64_t, void*> memory{{kQ, mutable_of(c.q)},
                                            {kK, mutable_of(c.k)},
                                            {kV, mutable_of(c.v)},
                                            {kOut, c.out},
                                            {kQueries, mutable_of(c.queries)},
                                            {kKeys, mutable_of(c.keys)}};
  if (spec.kind != SdpaSpec::kDecode) {
    memory[kQStart] = mutable_of(c.q_start);
    memory[kOutStart] = mutable_of(c.out_start);
  }
  if (spec.kind == SdpaSpec::kPacked)
    memory[kKvStart] = mutable_of(c.kv_start);
  else
    memory[kKTable] = memory[kVTable] = mutable_of(c.table);
  if (stream != state_->stream) {
    const cudnnStatus_t s = fe::detail::set_stream(state_->handle, stream);
    if (s != CUDNN_STATUS_SUCCESS)
      throw Error(FK_DEVICE_ERROR, "cudnnSetStream: %s", fe::detail::get_error_string(s));
    state_->stream = stream;
  }
  fe::error_t e = state_->graphs.at(spec)->graph.execute(state_->handle, memory, workspace);
  if (e.is_bad()) throw Error(FK_DEVICE_ERROR, "cuDNN: %s", e.get_message().c_str());
}

}  // namespace fk::cudnn
