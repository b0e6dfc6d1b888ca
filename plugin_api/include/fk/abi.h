/* SPDX-License-Identifier: Apache-2.0 */
/* fk/abi.h -- the whole stable surface of FastKernels. C11, no other headers of ours.
 *
 * Rules every plugin obeys:
 *   1. Export exactly one symbol: fk_plugin_entry_v1.
 *   2. Never let an exception, a longjmp or a C++ type cross this boundary.
 *   3. Whoever allocates frees. Nothing returned here is freed by the other side.
 *   4. forward() only enqueues on run->stream: no sync, no allocation, no device switch.
 *   5. Structs grow at the tail only; read a tail field after FK_HAS() says it is there.
 */
#ifndef FK_ABI_H
#define FK_ABI_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define FK_ABI_MAJOR 1 /* spelled into the entry symbol; a new major is a new symbol */
#define FK_ABI_MINOR 1 /* additive growth only; what came when: docs/abi_policy.md */
#define FK_EXPORT __attribute__((visibility("default")))
/* Generated structs carry the registry's defaults for C++ callers. */
#ifdef __cplusplus
#define FK_DEFAULT(...) = __VA_ARGS__
#else
#define FK_DEFAULT(...)
#endif
#define FK_HAS(ptr, field) \
  ((ptr)->struct_size >= offsetof(__typeof__(*(ptr)), field) + sizeof((ptr)->field))

/* ---- values ---------------------------------------------------------- */
typedef struct fk_str {
  const char* data;
  size_t size;
} fk_str; /* UTF-8, not NUL-terminated */
typedef struct fk_opt_i64 {
  int64_t value;
  uint8_t has;
} fk_opt_i64;
typedef struct fk_i64s {
  const int64_t* data;
  size_t size;
} fk_i64s;

/* Bit-for-bit DLTensor / DLDataType / DLDevice (checked against dlpack.h in tests). */
typedef struct fk_dtype {
  uint8_t code, bits;
  uint16_t lanes;
} fk_dtype;
typedef struct fk_device {
  int32_t type, index;
} fk_device;
typedef struct fk_tensor {
  void* data; /* 256-byte aligned when the host allocated it */
  fk_device device;
  int32_t ndim;
  fk_dtype dtype;
  int64_t* shape;
  int64_t* strides;     /* in elements; never NULL here, unlike old DLPack */
  uint64_t byte_offset; /* always 0 here */
} fk_tensor;
typedef struct fk_tensors {
  const fk_tensor* const* data;
  size_t size;
} fk_tensors;

enum { FK_CPU = 1, FK_CUDA = 2, FK_CUDA_HOST = 3 };
enum {
  FK_INT = 0,
  FK_UINT = 1,
  FK_FLOAT = 2,
  FK_BFLOAT = 4,
  FK_BOOL = 6,
  FK_FP8_E4M3 = 10,
  FK_FP8_E5M2 = 12,
  FK_FP8_E8M0 = 14,
  FK_FP4_E2M1 = 17
};

/* ---- errors: the code is returned, the message is handed to the host ---- */
typedef int32_t fk_status;
enum {
  FK_OK = 0,
  FK_INVALID_ARGUMENT = 1,
  FK_UNSUPPORTED = 2,
  FK_OUT_OF_MEMORY = 3,
  FK_DEVICE_ERROR = 4,
  FK_NOT_FOUND = 5,
  FK_ABI_MISMATCH = 6,
  FK_INTERNAL = 7
};

/* ---- run: one per forward call, valid only until forward returns ---- */
typedef struct fk_run {
  size_t struct_size;
  void* stream;     /* cudaStream_t; NULL on CPU */
  fk_device device; /* already current on this thread */
  uint32_t flags;   /* FK_RUN_* */
  const void* step; /* the step struct that the task names under `step:`, or NULL; see on_step */
  fk_dtype dtype;   /* of the run: what a tensor has whose task file names none. In create() too */
} fk_run;
enum {
  FK_RUN_CAPTURING = 1u << 0, /* the stream is recording a graph */
  FK_RUN_DRY = 1u << 1
}; /* building the tree only: touch no device, pointers are fake */

/* ---- an instance: a constructed task, whoever implements it ---- */
typedef struct fk_instance fk_instance;
struct fk_instance { /* made by the host alone, opaque past these words */
  fk_status (*forward)(fk_instance* self, const fk_run* run, const void* args);
  /* Since minor 1 (fk_host.abi_minor): the init struct of its task that it was made with. The
   * host's, as long as the instance lives; NULL where a dry build has no implementation of the
   * task. */
  const void* init;
};

/* ---- what the host offers ---- */
typedef struct fk_host fk_host;
struct fk_host {
  size_t struct_size;
  uint32_t abi_major, abi_minor;
  void* self;
  /* [any-thread] */
  void (*log)(const fk_host*, int32_t level, fk_str text);
  fk_status (*error)(const fk_host*, fk_status code, fk_str text); /* copies text, returns code */
  /* [build-thread] device memory that lives as long as the instance being built */
  fk_status (*alloc)(const fk_host*, fk_device, size_t bytes, void** out);
  /* [build-thread] the resolver picks the implementation; `slot` names the child in its parent */
  fk_status (*child)(const fk_host*, fk_str slot, fk_str task, uint64_t signature, const void* init,
                     fk_instance** out);
  /* [build-thread] the weight called `name` under this instance, loaded and placed */
  fk_status (*param)(const fk_host*, fk_str name, const fk_tensor** out);
  /* [build-thread] a buffer the task declares under `state:` (KV cache, SSM state); host-owned */
  fk_status (*state)(const fk_host*, fk_str name, const fk_tensor** out);
  /* [run-thread] scratch that is gone when the current forward returns */
  fk_status (*scratch)(const fk_host*, const fk_run*, size_t bytes, void** out);
  /* [any-thread] "fk.cublaslt/1", "fk.comm/1", ...; NULL when the host has none */
  const void* (*service)(const fk_host*, fk_str id);
};

/* ---- what a plugin offers ---- */
typedef struct fk_impl {
  size_t struct_size;
  fk_str task;           /* "rms_norm" */
  fk_str name;           /* "warp4": unique among this plugin's implementations of the task */
  fk_str version;        /* "1.2.0" */
  uint64_t signature;    /* FK_RMS_NORM_SIGNATURE of the header it was built with */
  fk_str signature_text; /* the text that was hashed, so a mismatch can be explained */
  uint32_t flags;        /* FK_IMPL_* */
  /* [any-thread] FK_OK, or FK_UNSUPPORTED with a reason; must not touch the device */
  fk_status (*supports)(const fk_host*, fk_device, int32_t sm, const void* init);
  /* [build-thread] */
  fk_status (*create)(const fk_host*, const fk_run*, const void* init, void** state);
  void (*destroy)(void* state);
  /* [run-thread] never two at once on one state */
  fk_status (*forward)(void* state, const fk_host*, const fk_run*, const void* args);
  /* [run-thread] may be NULL. Once per step, before forward, never captured: read the host-side
   * batch metadata in run->step, plan, enqueue small copies. The FlashInfer plan/run split. */
  fk_status (*on_step)(void* state, const fk_host*, const fk_run*);
} fk_impl;
enum { FK_IMPL_COMPOSITE = 1u << 0, FK_IMPL_GRAPH_SAFE = 1u << 1, FK_IMPL_BITWISE = 1u << 2 };

typedef struct fk_plugin {
  size_t struct_size;
  uint32_t abi_major, abi_minor; /* the header it was built with */
  uint32_t abi_minor_needed;     /* the oldest host it runs on */
  fk_str name, version, build;   /* build: git revision or source hash */
  const fk_impl* const* impls;
  size_t impl_count;
} fk_plugin;

/* ---- services: what fk_host.service(id) returns ---- */
/* "fk.threads/1": the host's CPU worker threads. A plugin starts none of its own (rule 4). */
#define FK_THREADS_SERVICE "fk.threads/1"
typedef struct fk_threads fk_threads;
struct fk_threads {
  size_t struct_size;
  void* self;
  int32_t count; /* >= 1, the caller included; fixed for the life of the process */
  /* [run-thread, build-thread] splits [0, n) into at most `count` contiguous ranges and calls body
   * once per non-empty range, concurrently where it can: a range must not wait for another. Returns
   * when all are done. `thread` is in [0, count), the same for a range each time, and never two at
   * once. A call from inside body runs the whole range inline. body must not throw or longjmp. */
  void (*parallel_for)(const fk_threads*, int64_t n,
                       void (*body)(void* ctx, int64_t begin, int64_t end, int32_t thread),
                       void* ctx);
};

typedef fk_status (*fk_plugin_entry_fn)(const fk_host* host, const fk_plugin** out);
FK_EXPORT fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out);

#ifdef __cplusplus
}
#endif
#endif
