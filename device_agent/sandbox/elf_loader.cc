#include "device_agent/sandbox/elf_loader.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/sandbox/elf_image.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/guarded_buffer.h"

namespace tunefarm::device_agent {
namespace {

absl::Status Protect(uint8_t* base, const ElfSegment& segment) {
  const uint64_t begin = segment.address / PageBytes() * PageBytes();
  const uint64_t num_bytes = segment.address + segment.memory_bytes - begin;
  const int protection =
      PROT_READ | (segment.writable ? PROT_WRITE : 0) | (segment.executable ? PROT_EXEC : 0);
  if (mprotect(base + begin, num_bytes, protection) != 0) {
    return ErrnoStatus(absl::StrFormat("protecting %u bytes of the kernel's image", num_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedKernel> LoadedKernel::Load(std::span<const uint8_t> file) {
  TUNEFARM_ASSIGN_OR_RETURN(const ElfImage image, ReadElf(file, PageBytes()));
  void* memory =
      mmap(nullptr, image.memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return ErrnoStatus(
        absl::StrFormat("mapping the kernel's image of %u bytes", image.memory_bytes));
  }
  LoadedKernel kernel;
  kernel.base_ = static_cast<uint8_t*>(memory);
  for (const ElfSegment& segment : image.segments) {
    std::memcpy(kernel.base_ + segment.address, file.data() + segment.file_offset,
                segment.file_bytes);
  }
  for (const ElfRelocation& relocation : image.relocations) {
    const uintptr_t word =
        reinterpret_cast<uintptr_t>(kernel.base_) + static_cast<uintptr_t>(relocation.value);
    std::memcpy(kernel.base_ + relocation.address, &word, sizeof(word));
  }
  // Processors whose instruction cache does not watch stores need to be told.
  __builtin___clear_cache(reinterpret_cast<char*>(kernel.base_),
                          reinterpret_cast<char*>(kernel.base_ + image.memory_bytes));
  for (const ElfSegment& segment : image.segments) {
    TUNEFARM_RETURN_IF_ERROR(Protect(kernel.base_, segment));
  }
  kernel.functions_ = image.functions;
  return kernel;
}

absl::StatusOr<tunefarm_kernel_fn> LoadedKernel::Function(const std::string& name) const {
  const auto function = functions_.find(name);
  if (function == functions_.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("kernel ELF: exports no function %s (it has %d)", name, functions_.size()));
  }
  return reinterpret_cast<tunefarm_kernel_fn>(base_ + function->second);
}

}  // namespace tunefarm::device_agent
