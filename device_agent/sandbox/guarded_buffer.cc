#include "device_agent/sandbox/guarded_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/sandbox/errno_status.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

constexpr std::byte kCanary{0xC5};

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

uint64_t PageBytes() {
  static const uint64_t page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return page_bytes;
}

GuardedLayout GuardedLayout::For(uint64_t data_bytes, uint64_t room_bytes) {
  const uint64_t aligned_bytes = RoundUp(data_bytes, TUNEFARM_BUFFER_ALIGNMENT_BYTES);
  GuardedLayout layout;
  layout.data_bytes = data_bytes;
  layout.back_bytes = aligned_bytes - data_bytes;
  layout.front_bytes = RoundUp(aligned_bytes + room_bytes, PageBytes()) - aligned_bytes;
  return layout;
}

void FillSlack(const GuardedLayout& layout, std::byte* mapping) {
  // Not memset: an empty buffer has no mapping.
  std::fill_n(mapping, layout.front_bytes, kCanary);
  std::fill_n(mapping + layout.front_bytes + layout.data_bytes, layout.back_bytes, kCanary);
}

absl::StatusOr<GuardedBuffer> GuardedBuffer::Map(const GuardedLayout& layout, int image) {
  const uint64_t data_bytes = layout.data_bytes;
  const uint64_t reserved_bytes = layout.mapped_bytes() + 2 * PageBytes();
  if (reserved_bytes > std::numeric_limits<size_t>::max()) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("mapping %u bytes: more than this device has addresses", data_bytes));
  }
  void* reserved =
      mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return ErrnoStatus(absl::StrFormat("mapping %u bytes", data_bytes));
  std::byte* mapping = static_cast<std::byte*>(reserved) + PageBytes();
  // Populated now: a page fault inside a timed run would be charged to the kernel.
  const int protection = image < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
  const int flags = MAP_PRIVATE | MAP_FIXED | MAP_POPULATE | (image < 0 ? MAP_ANONYMOUS : 0);
  if (mmap(mapping, layout.mapped_bytes(), protection, flags, image, 0) == MAP_FAILED) {
    absl::Status status = ErrnoStatus(absl::StrFormat("mapping %u bytes", data_bytes));
    munmap(reserved, reserved_bytes);
    return status;
  }
  return GuardedBuffer(layout, mapping);
}

absl::StatusOr<GuardedBuffer> GuardedBuffer::Anonymous(uint64_t data_bytes, uint64_t room_bytes) {
  absl::StatusOr<GuardedBuffer> buffer = Map(GuardedLayout::For(data_bytes, room_bytes), -1);
  if (buffer.ok()) FillSlack(buffer->layout_, buffer->mapping_);
  return buffer;
}

absl::StatusOr<GuardedBuffer> GuardedBuffer::FromImage(int image, uint64_t data_bytes) {
  return Map(GuardedLayout::For(data_bytes), image);
}

GuardedBuffer::~GuardedBuffer() {
  if (mapping_ != nullptr) munmap(mapping_ - PageBytes(), layout_.mapped_bytes() + 2 * PageBytes());
}

void GuardedBuffer::BeginEarlier(uint64_t num_bytes) {
  TUNEFARM_CHECK(
      num_bytes % TUNEFARM_BUFFER_ALIGNMENT_BYTES == 0 && num_bytes <= layout_.front_bytes,
      "a buffer's data cannot begin before its slack");
  layout_.front_bytes -= num_bytes;
  layout_.back_bytes += num_bytes;
  FillSlack(layout_, mapping_);
}

absl::Status GuardedBuffer::ProtectFromWrites() {
  if (mprotect(mapping_, layout_.mapped_bytes(), PROT_READ) != 0) {
    return ErrnoStatus(absl::StrFormat("protecting %u bytes", layout_.data_bytes));
  }
  return absl::OkStatus();
}

int64_t GuardedBuffer::FirstOverwrittenByte() const {
  const std::byte* end = mapping_ + layout_.front_bytes + layout_.data_bytes;
  for (uint64_t i = 0; i < layout_.back_bytes; ++i) {
    if (end[i] != kCanary) return static_cast<int64_t>(i) + 1;
  }
  for (uint64_t i = 0; i < layout_.front_bytes; ++i) {
    if (mapping_[layout_.front_bytes - 1 - i] != kCanary) return -static_cast<int64_t>(i) - 1;
  }
  return 0;
}

}  // namespace tunefarm::device_agent
