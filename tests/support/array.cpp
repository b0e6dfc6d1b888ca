// SPDX-License-Identifier: Apache-2.0
#include "tests/support/array.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace fk::test {
namespace core = fk::core;

namespace {

template <class T>
double load(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return double(v);
}
template <class T>
void store(uint8_t* p, double value) {
  const T v = T(value);
  std::memcpy(p, &v, sizeof v);
}
uint16_t half(const uint8_t* p) {
  uint16_t h;
  std::memcpy(&h, p, 2);
  return h;
}
[[noreturn]] void unknown(fk_dtype t) {
  throw std::logic_error("Array has no " + std::string(core::dtype_name(t)));
}

}  // namespace

Array::Array(fk_dtype dtype, std::vector<int64_t> shape) : dtype_(dtype), shape_(std::move(shape)) {
  bytes_.resize(size_t(numel()) * core::dtype_bytes(dtype));
}

Array::Array(fk_dtype dtype, std::vector<int64_t> shape, const std::vector<double>& values)
    : Array(dtype, std::move(shape)) {
  if (int64_t(values.size()) != numel())
    throw std::logic_error("Array: the number of values does not fit the shape");
  for (size_t i = 0; i < values.size(); ++i) set(int64_t(i), values[i]);
}

Array Array::random(fk_dtype dtype, std::vector<int64_t> shape, uint64_t seed, double low,
                    double high) {
  Array a(dtype, std::move(shape));
  for (int64_t i = 0; i < a.numel(); ++i) {  // splitmix64
    uint64_t z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const double v = low + (high - low) * (double(z >> 11) / 9007199254740992.0);
    a.set(i, dtype.code == FK_FLOAT || dtype.code == FK_BFLOAT ? v : std::floor(v));
  }
  return a;
}

int64_t Array::numel() const {
  int64_t n = 1;
  for (const int64_t d : shape_) n *= d;
  return n;
}

double Array::at(int64_t i) const {
  const uint8_t* p = bytes_.data() + size_t(i) * core::dtype_bytes(dtype_);
  switch (dtype_.code) {
    case FK_BFLOAT: return core::bf16_to_float(half(p));
    case FK_FLOAT:
      return dtype_.bits == 64   ? load<double>(p)
             : dtype_.bits == 32 ? load<float>(p)
                                 : double(core::f16_to_float(half(p)));
    case FK_INT:
      return dtype_.bits == 64   ? load<int64_t>(p)
             : dtype_.bits == 32 ? load<int32_t>(p)
             : dtype_.bits == 16 ? load<int16_t>(p)
                                 : load<int8_t>(p);
    case FK_UINT:
    case FK_BOOL:
      return dtype_.bits == 64   ? load<uint64_t>(p)
             : dtype_.bits == 32 ? load<uint32_t>(p)
             : dtype_.bits == 16 ? load<uint16_t>(p)
                                 : load<uint8_t>(p);
    default: unknown(dtype_);
  }
}

void Array::set(int64_t i, double value) {
  uint8_t* p = bytes_.data() + size_t(i) * core::dtype_bytes(dtype_);
  switch (dtype_.code) {
    case FK_BFLOAT: {
      const uint16_t h = core::float_to_bf16(float(value));
      std::memcpy(p, &h, 2);
      return;
    }
    case FK_FLOAT:
      if (dtype_.bits == 64) return store<double>(p, value);
      if (dtype_.bits == 32) return store<float>(p, value);
      {
        const uint16_t h = core::float_to_f16(float(value));
        std::memcpy(p, &h, 2);
        return;
      }
    case FK_INT:
      if (dtype_.bits == 64) return store<int64_t>(p, value);
      if (dtype_.bits == 32) return store<int32_t>(p, value);
      if (dtype_.bits == 16) return store<int16_t>(p, value);
      return store<int8_t>(p, value);
    case FK_UINT:
    case FK_BOOL:
      if (dtype_.bits == 64) return store<uint64_t>(p, value);
      if (dtype_.bits == 32) return store<uint32_t>(p, value);
      if (dtype_.bits == 16) return store<uint16_t>(p, value);
      return store<uint8_t>(p, value);
    default: unknown(dtype_);
  }
}

std::vector<double> Array::values() const {
  std::vector<double> out(size_t(numel()), 0);
  for (size_t i = 0; i < out.size(); ++i) out[i] = at(int64_t(i));
  return out;
}

const fk_tensor* Array::tensor() const {
  strides_.assign(shape_.size(), 1);
  for (size_t i = shape_.size(); i-- > 1;) strides_[i - 1] = strides_[i] * shape_[i];
  tensor_ = {const_cast<uint8_t*>(bytes_.data()),
             {FK_CPU, 0},
             int32_t(shape_.size()),
             dtype_,
             const_cast<int64_t*>(shape_.data()),
             strides_.data(),
             0};
  return &tensor_;
}

Array Array::to(fk_dtype dtype) const { return Array(dtype, shape_, values()); }

double max_abs_error(const Array& a, const Array& b) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (a.shape() != b.shape()) return kInfinite;
  double worst = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.at(i), y = b.at(i);
    if (std::isnan(x) != std::isnan(y)) return kInfinite;
    if (!std::isnan(x) && x != y) worst = std::fmax(worst, std::fabs(x - y));
  }
  return worst;
}

}  // namespace fk::test
