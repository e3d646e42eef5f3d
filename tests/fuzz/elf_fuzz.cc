// The reader of kernels against arbitrary files, for every machine it knows: whatever it accepts
// has to be sound, because the loader copies and writes where the plan says.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "device_agent/sandbox/elf_image.h"

namespace tunefarm::device_agent {
namespace {

void Require(bool truth) {
  if (!truth) std::abort();
}

void RequireSound(const ElfImage& image, size_t file_bytes, uint64_t page_bytes,
                  const Machine& machine) {
  uint64_t end = 0;
  for (const ElfSegment& segment : image.segments) {
    Require(segment.file_bytes <= segment.memory_bytes);
    Require(segment.file_offset <= file_bytes &&
            segment.file_bytes <= file_bytes - segment.file_offset);
    Require(segment.address / page_bytes * page_bytes >= end);
    Require(!(segment.writable && segment.executable));
    end = segment.address + segment.memory_bytes;
    Require(end >= segment.address);
  }
  Require(image.memory_bytes == end);
  const auto inside = [&image](uint64_t address, uint64_t num_bytes) -> const ElfSegment* {
    for (const ElfSegment& segment : image.segments) {
      if (address >= segment.address && address - segment.address <= segment.memory_bytes &&
          num_bytes <= segment.memory_bytes - (address - segment.address)) {
        return &segment;
      }
    }
    return nullptr;
  };
  for (const ElfRelocation& relocation : image.relocations) {
    const ElfSegment* segment = inside(relocation.address, machine.word_bytes());
    Require(segment != nullptr && segment->writable);
  }
  for (const auto& [name, address] : image.functions) {
    const ElfSegment* segment = inside(address, 1);
    Require(segment != nullptr && segment->executable);
  }
}

}  // namespace
}  // namespace tunefarm::device_agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tunefarm::device_agent;
  for (const Machine& machine : {kX86_64, kAArch64, kArmV7, kRiscv64}) {
    for (const uint64_t page_bytes : {4096, 65536}) {
      const absl::StatusOr<ElfImage> image = ReadElf(std::span(data, size), page_bytes, machine);
      if (image.ok()) RequireSound(*image, size, page_bytes, machine);
    }
  }
  return 0;
}
