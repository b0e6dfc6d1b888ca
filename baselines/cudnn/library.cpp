// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;  // the frontend's inline functions take their symbols from here
}

namespace fk::cudnn {
namespace {

constexpr const char* kFile = "libcudnn.so.9";
constexpr size_t kOldest = 91002;  // 9.10.0 and 9.10.1 compute wrong attention

void* open(const std::string& path, std::string& fault) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) fault += std::string(fault.empty() ? "" : "; ") + dlerror();
  return library;
}

std::string find() {
  std::string fault;
  void* library = nullptr;
  if (const char* given = std::getenv("FK_CUDNN_PATH"); given && *given) {
    library = open(std::string(given) + "/" + kFile, fault);
    if (!library) library = open(given, fault);
  }
  if (!library) library = open(kFile, fault);
  if (!library)
    return "cuDNN could not be opened (FK_CUDNN_PATH may name the folder of " + std::string(kFile) +
           "): " + fault;
  const auto version = reinterpret_cast<size_t (*)()>(dlsym(library, "cudnnGetVersion"));
  if (!version) return std::string(kFile) + " has no cudnnGetVersion";
  if (version() < kOldest)
    return "needs cuDNN 9.10.2 or later, found " + std::to_string(version() / 10000) + "." +
           std::to_string(version() / 100 % 100) + "." + std::to_string(version() % 100);
  cudnn_frontend::cudnn_dlhandle = library;
  return "";
}

}  // namespace

const char* library_fault() {
  static const std::string fault = find();
  return fault.empty() ? nullptr : fault.c_str();
}

}  // namespace fk::cudnn
