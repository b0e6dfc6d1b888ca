// SPDX-License-Identifier: Apache-2.0
// Compiles its kernels for the card that it finds, when it is made.
#include <nvrtc.h>

#include <string>

#include "tests/plugins/corpus.cuh"

// For one element type, without a header: what a compiler at run time finds of those is nobody's
// promise.
static constexpr const char* kSource = R"(
typedef long long i64;
#if TYPE == 0
typedef float element;
__device__ float load(element v) { return v; }
__device__ element store(float v) { return v; }
#elif TYPE == 1
typedef unsigned short element;
__device__ float load(element v) { return __uint_as_float(unsigned(v) << 16); }
__device__ element store(float v) {
  element r;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r) : "f"(v));
  return r;
}
#else
typedef unsigned short element;
__device__ float load(element v) {
  float r;
  asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(v));
  return r;
}
__device__ element store(float v) {
  element r;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r) : "f"(v));
  return r;
}
#endif
extern "C" __global__ void join(const element* x, element* y, i64 rows, i64 width, i64 x_step,
                                i64 y_step) {
  for (i64 i = blockIdx.x * i64(blockDim.x) + threadIdx.x; i < rows * width;
       i += i64(gridDim.x) * blockDim.x) {
    const i64 row = i / width, column = i % width;
    const float g = load(x[row * x_step + column]), u = load(x[row * x_step + column + width]);
    y[row * y_step + column] = store(g / (1 + expf(-g)) * u);
  }
}
)";

struct Made {
  cudaLibrary_t library;
  cudaKernel_t kernel;
};

static bool compile(fk_dtype dtype, int sm, Made* to) {
  nvrtcProgram program;
  if (nvrtcCreateProgram(&program, kSource, "join.cu", 0, nullptr, nullptr)) return false;
  const int type = dtype.bits == 32 ? 0 : dtype.code == FK_BFLOAT ? 1 : 2;
  const std::string arch = "--gpu-architecture=sm_" + std::to_string(sm),
                    define = "--define-macro=TYPE=" + std::to_string(type);
  const char* options[] = {arch.c_str(), define.c_str()};
  std::string code;
  size_t bytes = 0;
  bool ok = !nvrtcCompileProgram(program, 2, options) && !nvrtcGetCUBINSize(program, &bytes);
  code.resize(bytes);
  ok = ok && !nvrtcGetCUBIN(program, code.data());
  nvrtcDestroyProgram(&program);
  return ok &&
         !cudaLibraryLoadData(&to->library, code.data(), nullptr, nullptr, 0, nullptr, nullptr,
                              0) &&
         !cudaLibraryGetKernel(&to->kernel, to->library, "join");
}

static fk_status create_compiled(const fk_host*, const fk_run* run, const void*, void** state) {
  *state = nullptr;
  if (run->flags & FK_RUN_DRY) return FK_OK;
  int major = 0, minor = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, run->device.index) ||
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, run->device.index))
    return FK_DEVICE_ERROR;
  Made made{};
  if (!compile(run->dtype, major * 10 + minor, &made)) return FK_DEVICE_ERROR;
  *state = new Made(made);
  return FK_OK;
}
static void destroy_compiled(void* state) {
  Made* made = static_cast<Made*>(state);
  if (!made) return;
  cudaLibraryUnload(made->library);
  delete made;
}

FORWARD {
  Where w = where(a);
  if (!state || w.rows * w.width == 0) return;
  void* arguments[] = {&w.x, &w.y, &w.rows, &w.width, &w.x_step, &w.y_step};
  cudaLaunchKernel(reinterpret_cast<const void*>(static_cast<Made*>(state)->kernel),
                   dim3(blocks_for(w.rows * w.width)), dim3(256), arguments, 0, stream_of(run));
}

CUDA_PLUGIN_WITH("jit_at_create", create_compiled, destroy_compiled)
