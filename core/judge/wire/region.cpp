// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/region.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/base/error.hpp"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace fk::judge {
namespace {

size_t whole_pages(size_t bytes) { return (bytes + 4095) / 4096 * 4096 + 4096; }

uint8_t* map_shared(int descriptor, size_t size, int protection) {
  void* p = mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  if (p == MAP_FAILED)
    core::missing("{} bytes of shared memory cannot be mapped: {}", size, std::strerror(errno));
  return static_cast<uint8_t*>(p);
}

[[noreturn, maybe_unused]] void no_cards(fk_device d) {
  core::missing(
      "cuda:{}: this build has no CUDA device; build with the CUDA toolkit, or --device cpu",
      d.index);
}

}  // namespace

Region Region::create(size_t bytes, Access other, const char* name, fk_device device) {
  Region r;
  if (device.type != FK_CPU) {
#ifdef FK_HAVE_CUDA
    // What the other process may do is chosen when it maps, before it opens any plugin.
    r.size_ = bytes;
    r.card_ = CudaMemory::create(device.index, bytes);
    // Zeroed pages come as they are touched: most of an image never is.
    r.image_ = {static_cast<uint8_t*>(std::calloc(bytes + 1, 1)), std::free};
    if (!r.image_) throw std::bad_alloc();
    r.data_ = r.image_.get();
    r.descriptor_ = r.card_->descriptor();
    return r;
#else
    no_cards(device);
#endif
  }
  r.size_ = whole_pages(bytes);
  r.descriptor_ = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (r.descriptor_ < 0 || ftruncate(r.descriptor_, off_t(r.size_)) != 0)
    core::missing("no shared memory: {}", std::strerror(errno));
  r.data_ = map_shared(r.descriptor_, r.size_, PROT_READ | PROT_WRITE);
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const int more = other == Access::kReadOnly ? F_SEAL_FUTURE_WRITE : 0;
  if (fcntl(r.descriptor_, F_ADD_SEALS, seals | more) != 0)
    core::missing("shared memory cannot be sealed: {}; Linux 5.1 or newer can",
                  std::strerror(errno));
  return r;
}

Region Region::map(int descriptor, size_t bytes, Access access, fk_device device) {
  Region r;
  if (device.type != FK_CPU) {
#ifdef FK_HAVE_CUDA
    r.size_ = bytes;
    r.card_ = CudaMemory::import(device.index, descriptor, bytes, access == Access::kReadWrite);
    r.data_ = static_cast<uint8_t*>(r.card_->address());
    return r;
#else
    no_cards(device);
#endif
  }
  r.size_ = whole_pages(bytes);
  r.data_ = map_shared(descriptor, r.size_,
                       access == Access::kReadOnly ? PROT_READ : PROT_READ | PROT_WRITE);
  return r;
}

void Region::push(size_t offset, size_t bytes) const {
  if (card_ && bytes > 0) card_->upload(offset, data_ + offset, bytes);
}
void Region::pull(size_t offset, size_t bytes) const {
  if (card_ && bytes > 0) card_->download(data_ + offset, offset, bytes);
}

uint8_t* Region::on_device() const {
  return card_ ? static_cast<uint8_t*>(card_->address()) : data_;
}
void Region::clear() const {
  if (card_)
    card_->clear();
  else
    std::memset(data_, 0, size_);
}

Region::~Region() {
  if (card_) return;  // which holds everything
  if (data_) munmap(data_, size_);
  if (descriptor_ >= 0) close(descriptor_);
}

Region::Region(Region&& o) noexcept
    : data_(std::exchange(o.data_, nullptr)),
      size_(std::exchange(o.size_, 0)),
      descriptor_(std::exchange(o.descriptor_, -1)),
      image_(std::move(o.image_)),
      card_(std::move(o.card_)) {}

Region& Region::operator=(Region&& o) noexcept {
  std::swap(data_, o.data_);
  std::swap(size_, o.size_);
  std::swap(descriptor_, o.descriptor_);
  std::swap(image_, o.image_);
  card_.swap(o.card_);
  return *this;
}

}  // namespace fk::judge
