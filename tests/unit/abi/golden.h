/* SPDX-License-Identifier: Apache-2.0 */
/* The layout that plugins of ABI major 1 are compiled to. A line here never changes; new fields add
 * lines at the end. */
#include "fk/abi.h"
#ifdef __cplusplus
#define GOLDEN_ASSERT(ok) static_assert(ok, #ok)
#else
#define GOLDEN_ASSERT(ok) _Static_assert(ok, #ok)
#endif
#define AT(type, field, offset) GOLDEN_ASSERT(offsetof(type, field) == offset)
#define SIZE(type, size) GOLDEN_ASSERT(sizeof(type) == size)
/* A struct that may have grown: at least this large. */
#define SIZE_FROM(type, size) GOLDEN_ASSERT(sizeof(type) >= size)

AT(fk_str, data, 0);
AT(fk_str, size, 8);
SIZE(fk_str, 16);
AT(fk_opt_i64, value, 0);
AT(fk_opt_i64, has, 8);
SIZE(fk_opt_i64, 16);
AT(fk_i64s, data, 0);
AT(fk_i64s, size, 8);
SIZE(fk_i64s, 16);
AT(fk_dtype, code, 0);
AT(fk_dtype, bits, 1);
AT(fk_dtype, lanes, 2);
SIZE(fk_dtype, 4);
AT(fk_device, type, 0);
AT(fk_device, index, 4);
SIZE(fk_device, 8);
AT(fk_tensor, data, 0);
AT(fk_tensor, device, 8);
AT(fk_tensor, ndim, 16);
AT(fk_tensor, dtype, 20);
AT(fk_tensor, shape, 24);
AT(fk_tensor, strides, 32);
AT(fk_tensor, byte_offset, 40);
SIZE(fk_tensor, 48);
AT(fk_tensors, data, 0);
AT(fk_tensors, size, 8);
SIZE(fk_tensors, 16);
AT(fk_run, struct_size, 0);
AT(fk_run, stream, 8);
AT(fk_run, device, 16);
AT(fk_run, flags, 24);
AT(fk_run, step, 32);
SIZE_FROM(fk_run, 40);
AT(fk_instance, forward, 0);
SIZE_FROM(fk_instance, 8); /* the host alone makes them */
AT(fk_host, struct_size, 0);
AT(fk_host, abi_major, 8);
AT(fk_host, abi_minor, 12);
AT(fk_host, self, 16);
AT(fk_host, log, 24);
AT(fk_host, error, 32);
AT(fk_host, alloc, 40);
AT(fk_host, child, 48);
AT(fk_host, param, 56);
AT(fk_host, state, 64);
AT(fk_host, scratch, 72);
AT(fk_host, service, 80);
SIZE_FROM(fk_host, 88);
AT(fk_impl, struct_size, 0);
AT(fk_impl, task, 8);
AT(fk_impl, name, 24);
AT(fk_impl, version, 40);
AT(fk_impl, signature, 56);
AT(fk_impl, signature_text, 64);
AT(fk_impl, flags, 80);
AT(fk_impl, supports, 88);
AT(fk_impl, create, 96);
AT(fk_impl, destroy, 104);
AT(fk_impl, forward, 112);
AT(fk_impl, on_step, 120);
SIZE_FROM(fk_impl, 128);
AT(fk_plugin, struct_size, 0);
AT(fk_plugin, abi_major, 8);
AT(fk_plugin, abi_minor, 12);
AT(fk_plugin, abi_minor_needed, 16);
AT(fk_plugin, name, 24);
AT(fk_plugin, version, 40);
AT(fk_plugin, build, 56);
AT(fk_plugin, impls, 72);
AT(fk_plugin, impl_count, 80);
SIZE_FROM(fk_plugin, 88);
AT(fk_threads, struct_size, 0);
AT(fk_threads, self, 8);
AT(fk_threads, count, 16);
AT(fk_threads, parallel_for, 24);
SIZE_FROM(fk_threads, 32);

/* Since minor 1. */
AT(fk_run, dtype, 40);
SIZE_FROM(fk_run, 48);
AT(fk_instance, init, 8);
SIZE_FROM(fk_instance, 16);

GOLDEN_ASSERT(FK_ABI_MAJOR == 1 && FK_ABI_MINOR >= 1);
GOLDEN_ASSERT(FK_OK == 0 && FK_INVALID_ARGUMENT == 1 && FK_UNSUPPORTED == 2 &&
              FK_OUT_OF_MEMORY == 3);
GOLDEN_ASSERT(FK_DEVICE_ERROR == 4 && FK_NOT_FOUND == 5 && FK_ABI_MISMATCH == 6 &&
              FK_INTERNAL == 7);
GOLDEN_ASSERT(FK_RUN_CAPTURING == 1 && FK_RUN_DRY == 2);
GOLDEN_ASSERT(FK_IMPL_COMPOSITE == 1 && FK_IMPL_GRAPH_SAFE == 2 && FK_IMPL_BITWISE == 4);
