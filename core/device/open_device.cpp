// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/memory_text.hpp"
#include "core/device/device.hpp"
#ifdef FK_HAVE_CUDA
#include "core/device/cuda/cuda_device.hpp"
#endif

namespace fk::core {

std::string device_text(fk_device d) {
  if (d.type == FK_CPU) return "cpu";
  if (d.type == FK_CUDA) return fmt::format("cuda:{}", d.index);
  return fmt::format("device type {} index {}", d.type, d.index);
}

void out_of_memory(const Device& device, size_t bytes) {
  const Device::Memory m = device.memory();
  missing(
      "{} ({}) is out of memory: {} are asked for, {} of {} are free; use a smaller --num-blocks, "
      "--max-model-len or --max-num-batched-tokens, or end what else uses the card (nvidia-smi "
      "lists it)",
      device_text(device.id()), device.name(), memory_text(double(bytes)),
      memory_text(double(m.free)), memory_text(double(m.total)));
}

bool card_present() {
  std::error_code none;
  return std::filesystem::exists("/dev/nvidiactl", none) ||
         std::filesystem::exists("/dev/dxg", none);
}

std::shared_ptr<Device> Device::open(fk_device d) {
  if (d.type == FK_CPU) return cpu_device();
  if (d.type != FK_CUDA) bad_input("{}: expected cpu or cuda:N", device_text(d));
#ifdef FK_HAVE_CUDA
  return open_cuda_device(d.index);
#else
  missing(
      "{}: this build has no CUDA device, because no CUDA toolkit was there when it was built; "
      "install the toolkit (nvcc) and build again, use --device cpu, or add --dry to see what is "
      "there for it",
      device_text(d));
#endif
}

}  // namespace fk::core
