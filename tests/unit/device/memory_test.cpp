// SPDX-License-Identifier: Apache-2.0
// A device that is full: what is said, and that nothing stays behind.
#include <cstring>

#include "core/base/memory_text.hpp"
#include "core/engine/kv_size.hpp"
#include "tests/support/cuda_plugins.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/limited_device.hpp"
#include "tests/support/task_runner.hpp"
#include "tests/support/test_device.hpp"

namespace fk::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20, kGiB = size_t{1} << 30;

const Json kAttention{{"num_heads", 4}, {"num_kv_heads", 2}, {"head_size", 8}, {"scale", 0.5}};

core::BuildOptions on(std::shared_ptr<core::Device> device, int64_t num_blocks = 1) {
  core::BuildOptions o;
  o.threads = 1;
  o.device = device->id();
  o.on = std::move(device);
  o.dims = {{"num_blocks", num_blocks}, {"block_size", 16}, {"num_slots", 1}};
  if (o.on->is_cpu()) o.policy = core::Policy::parse("candidate:reference");  // keeps no copies
  return o;
}

// Sizes around those at which copies are staged and cut into pieces, to addresses in between.
TEST(DeviceMemory, LargeUploadsArriveWhole) {
  const auto device = core::Device::open(test_device());
  for (const size_t bytes :
       {size_t{1}, 4 * kMiB - 1, 4 * kMiB, 4 * kMiB + 1, 9 * kMiB + 7, 150 * kMiB + 13}) {
    std::vector<uint32_t> from(bytes / 4 + 1);
    for (size_t i = 0; i < from.size(); ++i) from[i] = uint32_t(i) * 2654435761u;
    const core::DeviceMemory to(device, bytes + 64);
    auto* const at = static_cast<char*>(to.data()) + 32;
    device->upload_large(at, from.data(), bytes);
    auto* const back = static_cast<char*>(device->allocate_host(bytes + 64));
    device->download(back, to.data(), bytes + 64);
    device->synchronize();
    EXPECT_EQ(std::memcmp(back + 32, from.data(), bytes), 0) << bytes;
    const std::string zeros(32, '\0');
    EXPECT_EQ(std::memcmp(back, zeros.data(), 32), 0) << bytes;
    EXPECT_EQ(std::memcmp(back + 32 + bytes, zeros.data(), 32), 0) << bytes;
    device->release_host(back);
  }
}

TEST(DeviceMemory, AStateThatDoesNotFitIsNamedWithTheNumbers) {
  const auto device = std::make_shared<LimitedDevice>(3 * kMiB);
  // 1 KiB a block: the key cache fits, the value cache does not.
  EXPECT_EQ(
      error_of([&] {
        core::Model::build(catalog(), nullptr, "attention", kAttention, on(device, 2048));
      }),
      "attention (composed/composed 1.0.0): cpu (a small card) is out of memory: 2.00 MiB are "
      "asked for, 1.00 MiB of 3.00 MiB are free; use a smaller --num-blocks, --max-model-len or "
      "--max-num-batched-tokens, or end what else uses the card (nvidia-smi lists it)");
  EXPECT_EQ(device->used(), 0u);
  core::Model::build(catalog(), nullptr, "attention", kAttention, on(device, 1024));
  EXPECT_EQ(device->used(), 0u);
}

// A step whose scratch does not fit fails, says why, and the next one may run.
TEST(DeviceMemory, ScratchThatDoesNotFitEndsTheStepOnly) {
  const auto device = std::make_shared<LimitedDevice>(kMiB / 2);
  const Json init{{"in_features", 64}, {"intermediate_size", 4096}};
  {
    std::vector<core::HostTensor> tensors;
    const Arrays params = random_params("linear_silu_and_mul", init, 5);
    for (const auto& [path, a] : params) tensors.push_back({path, a.shape(), a.dtype(), a.bytes()});
    const auto model =
        core::Model::build(catalog(), core::WeightStore::from_tensors(std::move(tensors)),
                           "linear_silu_and_mul", init, on(device));
    const Array x = Array::random(kF32, {64, 64}, 1);
    Array y(kF32, {64, 4096});
    core::StructValue args = core::StructValue::args(model->task());
    args.set("x", x.tensor());
    args.set("y", y.tensor());
    // gate and up of 64 tokens: 64 * 2 * 4096 floats.
    EXPECT_EQ(
        error_of([&] { model->run(nullptr, args.data()); }),
        "linear_silu_and_mul (composed/composed 1.0.0): 2097152 bytes of scratch beside 0: cpu (a "
        "small card) is out of memory: 2.00 MiB are asked for, 512.00 KiB of 512.00 KiB are free; "
        "use a smaller --num-blocks, --max-model-len or --max-num-batched-tokens, or end "
        "what else uses the card (nvidia-smi lists it)");
    EXPECT_EQ(device->used(), 0u);
    device->grow(16 * kMiB);
    model->run(nullptr, args.data());
    EXPECT_GE(device->used(), 2 * kMiB);
  }
  EXPECT_EQ(device->used(), 0u);
}

// A llama of 2 GiB whose cache takes 1 MiB a block of 16 tokens.
core::Plan plan_for(int64_t num_blocks) {
  core::Plan p;
  p.params.push_back({"layers.0.qkv.weight", {1024, 1024}, kBf16, 2 * kGiB});
  p.states.push_back({"layers.0.key_cache", {num_blocks}, kBf16, size_t(num_blocks) * kMiB / 2});
  p.states.push_back({"layers.0.value_cache", {num_blocks}, kBf16, size_t(num_blocks) * kMiB / 2});
  return p;
}

core::EngineOptions small_engine() {
  core::EngineOptions o;
  o.block_size = 16;
  o.num_blocks = 10;
  o.max_num_seqs = 64;
  o.max_num_batched_tokens = 1024;
  o.max_model_len = 65536;
  return o;
}

TEST(KvCache, TakesWhatIsLeft) {
  const LimitedDevice device(8 * kGiB);
  // 7.2 GiB less weights of 2, scratch of 0.5 and 6 MiB, logits of 0.0078.
  EXPECT_EQ(core::blocks_that_fit(device, plan_for(10), small_engine(), 32768, false), 4798);
}

TEST(KvCache, TooSmallForOneSequenceOfTheLengthAskedFor) {
  const LimitedDevice device(4 * kGiB);
  const auto fit = [&](bool asked_for) {
    return core::blocks_that_fit(device, plan_for(10), small_engine(), 32768, asked_for);
  };
  EXPECT_EQ(fit(false), 1112);  // then max_model_len is cut to what these hold
  EXPECT_EQ(error_of([&] { fit(true); }),
            "a small card: the KV cache is too small for one sequence of max_model_len 65536: it "
            "needs 4096 blocks of 16 tokens (4.00 GiB) and 1112 fit (1.09 GiB): of 4.00 GiB, 90 % "
            "may be used; 0.00 GiB are taken, weights need 2.00, scratch 0.51 and logits 0.01; use "
            "a larger --gpu-memory-utilization or a --max-model-len of at most 17792");
}

TEST(KvCache, NoRoomAtAll) {
  const LimitedDevice device(2 * kGiB);
  EXPECT_EQ(
      error_of([&] { core::blocks_that_fit(device, plan_for(10), small_engine(), 32768, false); }),
      "a small card: no room for a KV cache: of 2.00 GiB, 90 % may be used; 0.00 GiB are "
      "taken, weights need 2.00, scratch 0.51 and logits 0.01, one block of 16 tokens "
      "0.001; use a smaller --max-num-batched-tokens or --max-num-seqs, or a larger "
      "--gpu-memory-utilization");
}

// A small card of the host's memory always, and the one that FK_TEST_DEVICE names.
std::vector<std::string> cards() {
  std::vector<std::string> names{"a small card"};
  if (test_device().type != FK_CPU) names.push_back("FK_TEST_DEVICE");
  return names;
}
class FullDevice : public testing::TestWithParam<std::string> {
 protected:
  static std::shared_ptr<core::Device> open() {
    if (GetParam() != "FK_TEST_DEVICE") return std::make_shared<LimitedDevice>(64 * kMiB);
    return core::Device::open(test_device());
  }
};

// Who refuses, the driver or the device itself: the text is the same, and as much is free as
// before.
TEST_P(FullDevice, SaysWhatItHasAndGoesOn) {
  const auto device = open();
  device->make_current();
  // Once without looking: a driver that is asked for too much first gives back what it kept.
  error_of([&] { device->allocate(device->memory().total + kGiB); });
  const core::Device::Memory before = device->memory();
  const std::string text = error_of([&] { device->allocate(before.total + kGiB); });
  EXPECT_EQ(
      text,
      fmt::format("{} ({}) is out of memory: {} are asked for, {} of {} are free; use a "
                  "smaller --num-blocks, --max-model-len or --max-num-batched-tokens, or end "
                  "what else uses the card (nvidia-smi lists it)",
                  core::device_text(device->id()), device->name(),
                  core::memory_text(double(before.total + kGiB)),
                  core::memory_text(double(before.free)), core::memory_text(double(before.total))));
  EXPECT_GE(device->memory().free, before.free);
  // The first of two caches fits, the second does not. A small model first: it loads the kernels.
  core::Model::build(catalog(), nullptr, "attention", kAttention, on(device));
  const size_t free = device->memory().free;
  const std::string state = error_of([&] {
    core::Model::build(catalog(), nullptr, "attention", kAttention,
                       on(device, int64_t(free / 1024 / 4 * 3)));
  });
  EXPECT_TRUE(state.starts_with(
      "attention (composed/composed 1.0.0): " + core::device_text(device->id()) + " ("))
      << state;
  EXPECT_NE(state.find(") is out of memory: "), state.npos) << state;
  EXPECT_GE(device->memory().free + 4 * kMiB, free);
  core::Model::build(catalog(), nullptr, "attention", kAttention, on(device));  // and goes on
  device->synchronize();
}
INSTANTIATE_TEST_SUITE_P(Devices, FullDevice, testing::ValuesIn(cards()), name_of);

}  // namespace
}  // namespace fk::test
