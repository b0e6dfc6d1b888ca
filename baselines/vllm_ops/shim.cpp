// SPDX-License-Identifier: Apache-2.0
// Signatures follow PyTorch's public header of its stable C interface. Functions return 0, or 1 for
// what is not there: the op that called then throws.
#include "shim.hpp"

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#define FK_SHIM extern "C" __attribute__((visibility("default")))

namespace {

using fk::vllm_ops::Op;
using fk::vllm_ops::View;
using Status = int32_t;

std::map<std::string, Op>& ops() {
  static auto* const all = new std::map<std::string, Op>;
  return *all;
}
thread_local void* stream = nullptr;

int64_t elements(const View* t) {
  int64_t n = 1;
  for (int64_t i = 0; i < t->dims; ++i) n *= t->size[i];
  return n;
}
int64_t at(const View* t, int64_t d) { return d < 0 ? d + t->dims : d; }

struct Library {
  std::string name;
};
Status open(const char* name, void** out) {
  *out = new Library{name};
  return 0;
}

}  // namespace

FK_SHIM Op fk_shim_op(const char* name) {
  const auto found = ops().find(name);
  return found == ops().end() ? nullptr : found->second;
}
FK_SHIM void fk_shim_set_stream(void* s) { stream = s; }

// ---- registration ----
FK_SHIM Status aoti_torch_library_init_def(const char* name, const char*, uint32_t, void** out) {
  return open(name, out);
}
FK_SHIM Status aoti_torch_library_init_fragment(const char* name, const char*, uint32_t,
                                                void** out) {
  return open(name, out);
}
FK_SHIM Status aoti_torch_library_init_impl(const char* name, const char*, const char*, uint32_t,
                                            void** out) {
  return open(name, out);
}
FK_SHIM Status aoti_torch_library_def(void*, const char*) { return 0; }
FK_SHIM Status torch_library_impl(void* library, const char* name, Op op, uint64_t) {
  ops()[static_cast<Library*>(library)->name + "::" + name] = op;
  return 0;
}
FK_SHIM Status aoti_torch_delete_library_object(void* library) {
  delete static_cast<Library*>(library);
  return 0;
}
FK_SHIM uint64_t aoti_torch_abi_version() { return uint64_t(2) << 56 | uint64_t(11) << 48; }

// ---- tensors ----
FK_SHIM Status aoti_torch_get_data_ptr(View* t, void** p) { return *p = t->data, 0; }
FK_SHIM Status torch_get_mutable_data_ptr(View* t, void** p) { return *p = t->data, 0; }
FK_SHIM Status torch_get_const_data_ptr(View* t, const void** p) { return *p = t->data, 0; }
FK_SHIM Status aoti_torch_get_sizes(View* t, int64_t** p) { return *p = t->size, 0; }
FK_SHIM Status aoti_torch_get_strides(View* t, int64_t** p) { return *p = t->stride, 0; }
FK_SHIM Status aoti_torch_get_size(View* t, int64_t d, int64_t* out) {
  return *out = t->size[at(t, d)], 0;
}
FK_SHIM Status aoti_torch_get_stride(View* t, int64_t d, int64_t* out) {
  return *out = t->stride[at(t, d)], 0;
}
FK_SHIM Status aoti_torch_get_dim(View* t, int64_t* out) { return *out = t->dims, 0; }
FK_SHIM Status aoti_torch_get_numel(View* t, int64_t* out) { return *out = elements(t), 0; }
FK_SHIM Status aoti_torch_get_dtype(View* t, int32_t* out) { return *out = t->dtype, 0; }
FK_SHIM Status aoti_torch_get_device_type(View*, int32_t* out) { return *out = 1, 0; }
FK_SHIM Status aoti_torch_get_device_index(View* t, int32_t* out) { return *out = t->device, 0; }
FK_SHIM Status aoti_torch_get_layout(View*, int32_t* out) { return *out = 0, 0; }
FK_SHIM Status aoti_torch_get_storage_offset(View*, int64_t* out) { return *out = 0, 0; }
FK_SHIM size_t aoti_torch_dtype_element_size(int32_t dtype) {
  static const size_t kBytes[] = {1, 1, 2, 4, 8, 2, 4, 8, 4, 8, 16, 1, 1, 1, 4, 2};
  if (dtype < 16) return kBytes[dtype];
  return dtype == 27 ? 2 : dtype == 28 ? 4 : dtype == 29 ? 8 : 1;
}
FK_SHIM Status aoti_torch_get_storage_size(View* t, int64_t* out) {
  return *out = elements(t) * int64_t(aoti_torch_dtype_element_size(t->dtype)), 0;
}
FK_SHIM Status aoti_torch_is_contiguous(View* t, bool* out) {
  int64_t step = 1;
  *out = true;
  for (int64_t i = t->dims - 1; i >= 0; --i) {
    if (t->size[i] != 1 && t->stride[i] != step) *out = false;
    step *= t->size[i];
  }
  return 0;
}
FK_SHIM Status aoti_torch_is_defined(View* t, bool* out) { return *out = t && t->dims >= 0, 0; }
FK_SHIM Status aoti_torch_new_tensor_handle(View* t, View** out) { return *out = new View(*t), 0; }
FK_SHIM Status aoti_torch_new_uninitialized_tensor(View** out) {
  return *out = new View{}, (*out)->dims = -1, 0;
}
FK_SHIM Status aoti_torch_delete_tensor_object(View* t) { return delete t, 0; }

// ---- devices ----
FK_SHIM Status aoti_torch_create_device_guard(int32_t, void** out) { return *out = new int, 0; }
FK_SHIM Status aoti_torch_delete_device_guard(void* guard) {
  return delete static_cast<int*>(guard), 0;
}
FK_SHIM Status aoti_torch_get_current_cuda_stream(int32_t, void** out) { return *out = stream, 0; }
FK_SHIM Status aoti_torch_get_current_device_index(int32_t* out) { return *out = 0, 0; }
FK_SHIM Status torch_get_current_cuda_blas_handle(void**) { return 1; }
FK_SHIM Status torch_c10_cuda_check_msg(int32_t error, const char*, const char*, uint32_t, bool,
                                        char** message) {
  return *message = error ? strdup("CUDA error in an op of vLLM") : nullptr, 0;
}
FK_SHIM void torch_c10_cuda_free_error_msg(char* message) { std::free(message); }

// ---- lists and strings ----
using List = std::vector<uint64_t>;
FK_SHIM Status torch_new_list_reserve_size(size_t n, List** out) {
  return *out = new List, (*out)->reserve(n), 0;
}
FK_SHIM Status torch_list_size(List* l, size_t* out) { return *out = l->size(), 0; }
FK_SHIM Status torch_list_get_item(List* l, size_t i, uint64_t* out) { return *out = (*l)[i], 0; }
FK_SHIM Status torch_list_push_back(List* l, uint64_t x) { return l->push_back(x), 0; }
FK_SHIM Status torch_delete_list(List* l) { return delete l, 0; }
FK_SHIM Status torch_new_string_handle(const char* data, size_t n, std::string** out) {
  return *out = new std::string(data, n), 0;
}
FK_SHIM Status torch_delete_string(std::string* s) { return delete s, 0; }
FK_SHIM Status torch_string_length(std::string* s, size_t* out) { return *out = s->size(), 0; }
FK_SHIM Status torch_string_c_str(std::string* s, const char** out) { return *out = s->c_str(), 0; }

// ---- what ops that make tensors would need ----
FK_SHIM Status torch_call_dispatcher(const char*, const char*, uint64_t*, uint64_t) { return 1; }
FK_SHIM Status aoti_torch_aten_narrow(View*, int64_t, int64_t, int64_t, View**) { return 1; }
FK_SHIM Status aoti_torch_aten_pad(View*, const int64_t*, int64_t, const char*, double*, View**) {
  return 1;
}
FK_SHIM Status torch_from_blob(void*, int64_t, const int64_t*, const int64_t*, int64_t, int32_t,
                               int32_t, int32_t, View**, int32_t, const uint8_t*, int64_t,
                               void (*)(void*, void*), void*) {
  return 1;
}
FK_SHIM Status aoti_torch_create_tensor_from_blob_v2(void*, int64_t, const int64_t*, const int64_t*,
                                                     int64_t, int32_t, int32_t, int32_t, View**,
                                                     int32_t, const uint8_t*, int64_t) {
  return 1;
}

// ---- PyTorch's numbers ----
#define FK_SHIM_NUMBER(name, value) \
  FK_SHIM int32_t name() { return value; }
FK_SHIM_NUMBER(aoti_torch_device_type_cpu, 0)
FK_SHIM_NUMBER(aoti_torch_device_type_cuda, 1)
FK_SHIM_NUMBER(aoti_torch_device_type_xpu, 12)
FK_SHIM_NUMBER(aoti_torch_device_type_mps, 13)
FK_SHIM_NUMBER(aoti_torch_device_type_meta, 14)
FK_SHIM_NUMBER(aoti_torch_device_type_privateuse1, 20)
FK_SHIM_NUMBER(aoti_torch_dtype_uint8, 0)
FK_SHIM_NUMBER(aoti_torch_dtype_int8, 1)
FK_SHIM_NUMBER(aoti_torch_dtype_int16, 2)
FK_SHIM_NUMBER(aoti_torch_dtype_int32, 3)
FK_SHIM_NUMBER(aoti_torch_dtype_int64, 4)
FK_SHIM_NUMBER(aoti_torch_dtype_float16, 5)
FK_SHIM_NUMBER(aoti_torch_dtype_float32, 6)
FK_SHIM_NUMBER(aoti_torch_dtype_float64, 7)
FK_SHIM_NUMBER(aoti_torch_dtype_complex32, 8)
FK_SHIM_NUMBER(aoti_torch_dtype_complex64, 9)
FK_SHIM_NUMBER(aoti_torch_dtype_complex128, 10)
FK_SHIM_NUMBER(aoti_torch_dtype_bool, 11)
FK_SHIM_NUMBER(aoti_torch_dtype_bfloat16, 15)
FK_SHIM_NUMBER(aoti_torch_dtype_float8_e5m2, 23)
FK_SHIM_NUMBER(aoti_torch_dtype_float8_e4m3fn, 24)
FK_SHIM_NUMBER(aoti_torch_dtype_float8_e5m2fnuz, 25)
FK_SHIM_NUMBER(aoti_torch_dtype_float8_e4m3fnuz, 26)
FK_SHIM_NUMBER(aoti_torch_dtype_uint16, 27)
FK_SHIM_NUMBER(aoti_torch_dtype_uint32, 28)
FK_SHIM_NUMBER(aoti_torch_dtype_uint64, 29)
FK_SHIM_NUMBER(torch_dtype_float8_e8m0fnu, 44)
FK_SHIM_NUMBER(torch_dtype_float4_e2m1fn_x2, 45)
FK_SHIM_NUMBER(aoti_torch_layout_strided, 0)
FK_SHIM_NUMBER(aoti_torch_layout_sparse_coo, 1)
FK_SHIM_NUMBER(aoti_torch_layout_sparse_csr, 2)
FK_SHIM_NUMBER(aoti_torch_layout__mkldnn, 3)
FK_SHIM_NUMBER(aoti_torch_layout_sparse_csc, 4)
FK_SHIM_NUMBER(aoti_torch_layout_sparse_bsr, 5)
FK_SHIM_NUMBER(aoti_torch_layout_sparse_bsc, 6)
FK_SHIM_NUMBER(aoti_torch_layout_jagged, 8)
FK_SHIM_NUMBER(aoti_torch_memory_format_contiguous_format, 0)
FK_SHIM_NUMBER(aoti_torch_memory_format_preserve_format, 1)
FK_SHIM_NUMBER(aoti_torch_memory_format_channels_last, 2)
FK_SHIM_NUMBER(aoti_torch_memory_format_channels_last_3d, 3)
