// SPDX-License-Identifier: Apache-2.0
#include "core/weights/convert.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <thread>
#include <vector>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"

namespace fk::core {
namespace {

constexpr fk_dtype kFloat32{FK_FLOAT, 32, 1}, kFloat64{FK_FLOAT, 64, 1}, kFloat16{FK_FLOAT, 16, 1},
    kBfloat16{FK_BFLOAT, 16, 1};
constexpr int64_t kWorthThreads = 4 << 20;

void narrow(std::span<const float> in, fk_dtype dtype, uint8_t* out, const FileTensor* t) {
  if (same(dtype, kFloat32)) {
    std::memcpy(out, in.data(), in.size_bytes());
  } else if (same(dtype, kBfloat16)) {
    auto* o = reinterpret_cast<uint16_t*>(out);
    for (size_t i = 0; i < in.size(); ++i) o[i] = float_to_bf16(in[i]);
  } else if (same(dtype, kFloat16)) {
    auto* o = reinterpret_cast<uint16_t*>(out);
    for (size_t i = 0; i < in.size(); ++i) {
      o[i] = float_to_f16(in[i]);
      if ((o[i] & 0x7fff) == 0x7c00 && std::isfinite(in[i]))
        bad_input("{}: tensor \"{}\" holds {}, which float16 cannot; use bfloat16 or float32",
                  t ? t->file : "seeded", t ? t->name : "", in[i]);
    }
  } else {
    auto* o = reinterpret_cast<double*>(out);
    for (size_t i = 0; i < in.size(); ++i) o[i] = in[i];
  }
}

std::span<float> row_buffer(int64_t elements) {
  thread_local std::vector<float> buffer;
  if (buffer.size() < size_t(elements)) buffer.resize(size_t(elements));
  return {buffer.data(), size_t(elements)};
}

}  // namespace

bool is_float(fk_dtype t) {
  return same(t, kFloat32) || same(t, kBfloat16) || same(t, kFloat16) || same(t, kFloat64);
}

RowReader::RowReader(const FileTensor& t, int64_t rows, int64_t row_elements)
    : tensor_(&t),
      rows_(rows),
      row_elements_(row_elements),
      row_bytes_(rows ? t.bytes / size_t(rows) : 0) {}

void RowReader::floats(int64_t row, std::span<float> out) const {
  if (seeded_) return seeded_->fill(row * row_elements_, out);
  const uint8_t* in = tensor_->data + size_t(row) * row_bytes_;
  if (tensor_->plain() && same(tensor_->dtype, kFloat64)) {
    for (size_t i = 0; i < out.size(); ++i) {
      double d;
      std::memcpy(&d, in + 8 * i, 8);
      out[i] = float(d);
    }
    return;
  }
  dequantize(tensor_->ggml_type, in, out);
}

void RowReader::read(int64_t row, fk_dtype dtype, uint8_t* out) const {
  if (tensor_ && tensor_->plain() && same(tensor_->dtype, dtype)) {
    std::memcpy(out, tensor_->data + size_t(row) * row_bytes_, row_bytes_);
    return;
  }
  if (same(dtype, kFloat32))
    return floats(row, {reinterpret_cast<float*>(out), size_t(row_elements_)});
  const std::span<float> buffer = row_buffer(row_elements_);
  floats(row, buffer);
  narrow(buffer, dtype, out, tensor_);
}

void RowReader::read_blocks(int64_t row, std::string_view quant, uint8_t* out) const {
  if (tensor_) {
    std::memcpy(out, tensor_->data + size_t(row) * row_bytes_, row_bytes_);
    return;
  }
  const std::span<float> buffer = row_buffer(row_elements_);
  floats(row, buffer);
  quantize(quant, buffer, out);
}

void parallel_ranges(int64_t n, int64_t work, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const int64_t parts = work < kWorthThreads ? 1 : std::clamp<int64_t>(std::min(cores, n), 1, 16);
  if (parts == 1) return body(0, n);
  std::vector<std::exception_ptr> errors(static_cast<size_t>(parts));
  std::vector<std::thread> threads;
  auto part = [&](int64_t i) {
    try {
      body(n * i / parts, n * (i + 1) / parts);
    } catch (...) { errors[size_t(i)] = std::current_exception(); }
  };
  for (int64_t i = 1; i < parts; ++i) threads.emplace_back(part, i);
  part(0);
  for (std::thread& t : threads) t.join();
  for (const std::exception_ptr& e : errors)
    if (e) std::rethrow_exception(e);
}

}  // namespace fk::core
