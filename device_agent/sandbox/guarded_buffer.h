// Memory for one kernel buffer, laid out so that a kernel which leaves it is caught.
//
//   guard page | front slack (canaries) | data, 64-byte aligned | back slack < 64 bytes (canaries)
//   | guard page
//
// The data ends at a page's end as closely as its alignment allows, so an access past the end
// faults at once, and a write into the slack is seen by comparing canaries. Outputs begin earlier
// once that is proved, so that they are timed where they are written fastest. Used in the
// candidate's process for every buffer and for scratch; TensorStore lays out shared inputs in the
// same way.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_GUARDED_BUFFER_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_GUARDED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::device_agent {

// Where data of a given size lies between its guard pages. front + data + back is a multiple of the
// page.
struct GuardedLayout {
  uint64_t front_bytes = 0;
  uint64_t data_bytes = 0;
  uint64_t back_bytes = 0;

  uint64_t mapped_bytes() const { return front_bytes + data_bytes + back_bytes; }

  // With at least `room_bytes` in front, less than a page. Requires data_bytes in [1, 2^62].
  static GuardedLayout For(uint64_t data_bytes, uint64_t room_bytes = 0);
};

// Bytes of a memory page on this machine.
uint64_t PageBytes();

// Fills both slacks of a mapping with canary bytes.
void FillSlack(const GuardedLayout& layout, std::byte* mapping);

// Owns the mapping. Move-only. The addresses stay when it is moved.
class GuardedBuffer {
 public:
  // Private zeroed memory, all of it touched, so that nothing faults while a kernel is timed.
  // RESOURCE_EXHAUSTED: the memory limit does not allow it.
  static absl::StatusOr<GuardedBuffer> Anonymous(uint64_t data_bytes, uint64_t room_bytes = 0);

  // Read-only view of `image`, a file of GuardedLayout::For(data_bytes).mapped_bytes() bytes.
  static absl::StatusOr<GuardedBuffer> FromImage(int image, uint64_t data_bytes);

  GuardedBuffer(GuardedBuffer&& other) noexcept
      : layout_(other.layout_), mapping_(std::exchange(other.mapping_, nullptr)) {}
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept {
    std::swap(layout_, other.layout_);
    std::swap(mapping_, other.mapping_);
    return *this;
  }
  ~GuardedBuffer();

  std::span<std::byte> data() const {
    return {mapping_ + layout_.front_bytes, static_cast<size_t>(layout_.data_bytes)};
  }

  // Lets the data begin `num_bytes` earlier. It is not moved: what it holds is undefined
  // afterwards. Requires a multiple of the alignment, at most the slack in front.
  void BeginEarlier(uint64_t num_bytes);

  // Any further write faults. The kernel's packed constants are protected so once they are packed.
  absl::Status ProtectFromWrites();

  // 0 when the canaries are whole; otherwise the distance of the first overwritten byte: n > 0 is
  // the n-th byte after the end, n < 0 the |n|-th before the beginning.
  int64_t FirstOverwrittenByte() const;

 private:
  GuardedBuffer(const GuardedLayout& layout, std::byte* mapping)
      : layout_(layout), mapping_(mapping) {}
  static absl::StatusOr<GuardedBuffer> Map(const GuardedLayout& layout, int image);

  GuardedLayout layout_;
  std::byte* mapping_ = nullptr;  // Between the guard pages.
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_GUARDED_BUFFER_H_
