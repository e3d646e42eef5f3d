// The reader of untrusted ELF bytes: what it accepts is sound, what it refuses it names, and it
// survives anything.
#include "device_agent/sandbox/elf_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/rng.h"
#include "device_agent/sandbox/elf_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bad_kernels/bad_kernels.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kPageBytes = 4096;

absl::StatusOr<ElfImage> Read(const std::string& bytes, const Machine& machine = kMachine) {
  return ReadElf({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, kPageBytes,
                 machine);
}

std::string KernelBytes(const std::string& object) {
  return CandidateFrom(object, "run", 1).kernel().elf();
}

void ExpectRefused(const std::string& bytes, const std::string& text) {
  const absl::Status status = Read(bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

// `bytes` with its ELF header changed.
std::string WithHeader(std::string bytes, const std::function<void(Elf64_Ehdr*)>& change) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  change(&header);
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

// `bytes` with every program header changed.
std::string WithSegments(std::string bytes, const std::function<void(Elf64_Phdr*)>& change) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  for (int i = 0; i < header.e_phnum; ++i) {
    char* const place = bytes.data() + header.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, place, sizeof(segment));
    change(&segment);
    std::memcpy(place, &segment, sizeof(segment));
  }
  return bytes;
}

// What a loader relies on, whatever the file says.
void ExpectSound(const ElfImage& image, size_t file_bytes, const Machine& machine = kMachine) {
  uint64_t end = 0;
  for (const ElfSegment& segment : image.segments) {
    ASSERT_LE(segment.file_bytes, segment.memory_bytes);
    ASSERT_LE(segment.file_offset, file_bytes);
    ASSERT_LE(segment.file_bytes, file_bytes - segment.file_offset);
    ASSERT_GE(segment.address / kPageBytes * kPageBytes, end);
    ASSERT_FALSE(segment.writable && segment.executable);
    end = segment.address + segment.memory_bytes;
  }
  ASSERT_EQ(image.memory_bytes, end);
  const auto inside = [&](uint64_t address, uint64_t num_bytes, bool (*wanted)(const ElfSegment&)) {
    for (const ElfSegment& segment : image.segments) {
      if (wanted(segment) && address >= segment.address &&
          address + num_bytes <= segment.address + segment.memory_bytes) {
        return true;
      }
    }
    return false;
  };
  for (const ElfRelocation& relocation : image.relocations) {
    ASSERT_TRUE(inside(relocation.address, machine.word_bytes(),
                       [](const ElfSegment& s) { return s.writable; }));
  }
  for (const auto& [name, address] : image.functions) {
    ASSERT_TRUE(inside(address, 1, [](const ElfSegment& s) { return s.executable; })) << name;
  }
}

TEST(ElfImageTest, GoodKernelIsReadWithItsFunctionsAndRelocations) {
  const std::string bytes = KernelBytes("good");
  const absl::StatusOr<ElfImage> image = Read(bytes);
  ASSERT_TRUE(image.ok()) << image.status();
  ExpectSound(*image, bytes.size());
  EXPECT_TRUE(image->functions.contains("run"));
  EXPECT_TRUE(image->functions.contains("pack"));
  EXPECT_FALSE(image->functions.contains("table"));  // Data.
  EXPECT_FALSE(image->relocations.empty());
}

// The same kernel for a board, and what a 32-bit machine has otherwise: narrower structures, and
// addends that stand where they are to be added.
struct Board {
  const char* object;
  const Machine& machine;
};
constexpr Board kBoards[] = {{"good-aarch64-linux-gnu", kAArch64},
                             {"good-armv7-linux-gnueabihf", kArmV7}};

TEST(ElfImageTest, KernelsForBoardsAreReadAlike) {
  for (const Board& board : kBoards) {
    SCOPED_TRACE(board.object);
    const std::string bytes = KernelBytes(board.object);
    const absl::StatusOr<ElfImage> image = Read(bytes, board.machine);
    ASSERT_TRUE(image.ok()) << image.status();
    ExpectSound(*image, bytes.size(), board.machine);
    EXPECT_TRUE(image->functions.contains("run_by_table"));
    EXPECT_FALSE(image->functions.contains("table"));
    // The two functions of its table, and the table itself.
    const auto points_at_code = [&image](const ElfRelocation& relocation) {
      return std::any_of(image->segments.begin(), image->segments.end(),
                         [&relocation](const ElfSegment& segment) {
                           return segment.executable && relocation.value >= segment.address &&
                                  relocation.value < segment.address + segment.memory_bytes;
                         });
    };
    EXPECT_EQ(std::count_if(image->relocations.begin(), image->relocations.end(), points_at_code),
              2);
    EXPECT_EQ(image->relocations.size(), 3u);
  }
}

TEST(ElfImageTest, KernelOfABoardIsRefusedByAnother) {
  const absl::Status status = Read(KernelBytes(kBoards[0].object), kArmV7).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("not 32-bit little-endian"));
  const absl::Status other = Read(KernelBytes(kBoards[0].object), kX86_64).status();
  EXPECT_THAT(std::string(other.message()),
              HasSubstr("for machine aarch64 (183), this device is x86_64"));
}

// A Raspberry Pi 5 has pages of 16 KiB, other ARM systems of 64.
TEST(ElfImageTest, KernelsForBoardsFitLargePages) {
  for (const Board& board : kBoards) {
    const std::string bytes = KernelBytes(board.object);
    const absl::StatusOr<ElfImage> image = ReadElf(
        {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, 65536, board.machine);
    EXPECT_TRUE(image.ok()) << board.object << ": " << image.status();
  }
}

TEST(ElfImageTest, AnyChangedByteOfABoardsKernelIsRefusedOrSound) {
  for (const Board& board : kBoards) {
    const std::string good = KernelBytes(board.object);
    for (size_t i = 0; i < good.size(); ++i) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ 0xFF);
      const absl::StatusOr<ElfImage> image = Read(changed, board.machine);
      if (image.ok()) ExpectSound(*image, changed.size(), board.machine);
    }
  }
}

TEST(ElfImageTest, ImportIsNamed) { ExpectRefused(KernelBytes("imports"), "imports expf"); }

TEST(ElfImageTest, ConstructorIsRefused) {
  ExpectRefused(KernelBytes("constructor"), "constructors");
}

TEST(ElfImageTest, OtherMachineIsNamed) {
  const std::string other =
      WithHeader(KernelBytes("good"), [](Elf64_Ehdr* header) { header->e_machine = EM_ARM; });
  ExpectRefused(other, "for machine arm (40), this device is ");
}

TEST(ElfImageTest, OtherKindsOfFilesAreRefused) {
  ExpectRefused("", "0 bytes that are no ELF file");
  ExpectRefused(std::string(1000, 'x'), "no ELF file");
  const std::string good = KernelBytes("good");
  ExpectRefused(WithHeader(good, [](Elf64_Ehdr* h) { h->e_ident[EI_CLASS] = ELFCLASS32; }),
                "-bit little-endian, as this device is");
  ExpectRefused(WithHeader(good, [](Elf64_Ehdr* h) { h->e_type = ET_REL; }),
                "want a shared object");
  ExpectRefused(WithHeader(good, [](Elf64_Ehdr* h) { h->e_phnum = 0; }), "nothing to load");
  ExpectRefused(WithHeader(good, [](Elf64_Ehdr* h) { h->e_phoff = ~uint64_t{0} - 8; }), "beyond");
}

TEST(ElfImageTest, WritableCodeIsRefused) {
  ExpectRefused(WithSegments(KernelBytes("good"),
                             [](Elf64_Phdr* segment) {
                               if (segment->p_flags & PF_X) segment->p_flags |= PF_W;
                             }),
                "both writable and executable");
}

TEST(ElfImageTest, SegmentsThatShareAPageAreRefused) {
  ExpectRefused(WithSegments(KernelBytes("good"),
                             [](Elf64_Phdr* segment) {
                               if (segment->p_type == PT_LOAD) segment->p_vaddr = 0;
                             }),
                "overlap");
}

TEST(ElfImageTest, HugeSegmentIsRefused) {
  ExpectRefused(WithSegments(KernelBytes("good"),
                             [](Elf64_Phdr* segment) {
                               if (segment->p_type == PT_LOAD) segment->p_memsz = uint64_t{1} << 60;
                             }),
                "exceeds");
}

TEST(ElfImageTest, FileWithoutADynamicSectionIsRefused) {
  ExpectRefused(WithSegments(KernelBytes("good"),
                             [](Elf64_Phdr* segment) {
                               if (segment->p_type == PT_DYNAMIC) segment->p_type = PT_NOTE;
                             }),
                "no dynamic section");
}

TEST(ElfImageTest, ThreadLocalDataIsRefused) {
  ExpectRefused(WithSegments(KernelBytes("good"),
                             [](Elf64_Phdr* segment) {
                               if (segment->p_type == PT_NOTE) segment->p_type = PT_TLS;
                             }),
                "thread-local");
}

TEST(ElfImageTest, FileCutShortAnywhereIsRefusedOrSound) {
  const std::string good = KernelBytes("good");
  for (size_t length = 0; length < good.size(); ++length) {
    const std::string part = good.substr(0, length);
    const absl::StatusOr<ElfImage> image = Read(part);
    // What is left out at the end, section names, is nothing a loader needs.
    if (image.ok()) ExpectSound(*image, length);
  }
}

TEST(ElfImageTest, AnyChangedByteIsRefusedOrSound) {
  const std::string good = KernelBytes("good");
  for (const uint8_t pattern : {0x01, 0x80, 0xFF}) {
    for (size_t i = 0; i < good.size(); ++i) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ pattern);
      const absl::StatusOr<ElfImage> image = Read(changed);
      if (image.ok()) ExpectSound(*image, changed.size());
    }
  }
}

TEST(ElfImageTest, ManyChangedBytesAreRefusedOrSound) {
  constexpr uint64_t kSeed = 20240607;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  base::Rng rng(kSeed);
  const std::string good = KernelBytes("good");
  for (int round = 0; round < 5000; ++round) {
    std::string changed = good;
    // Where the structures are: the text in between tells the reader nothing.
    for (uint64_t n = rng.Below(8) + 1; n > 0; --n) {
      changed[rng.Below(0x600)] = static_cast<char>(rng());
    }
    const absl::StatusOr<ElfImage> image = Read(changed);
    if (image.ok()) ExpectSound(*image, changed.size());
  }
}

TEST(ElfLoaderTest, LoadedKernelRunsAndUnknownFunctionIsNamed) {
  const std::string bytes = KernelBytes("good");
  const absl::StatusOr<LoadedKernel> kernel =
      LoadedKernel::Load({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  const absl::StatusOr<tunefarm_kernel_fn> run = kernel->Function("run_by_table");
  ASSERT_TRUE(run.ok()) << run.status();
  std::vector<float> a(1000, 1.5f), b(1000, 2.0f), packed(1000), out(1000);
  void* const buffers[] = {a.data(), b.data(), packed.data(), out.data()};
  EXPECT_EQ((*run)(buffers, nullptr, nullptr), 0);
  EXPECT_EQ(out, std::vector<float>(1000, 3.5f));
  EXPECT_THAT(std::string(kernel->Function("walk").status().message()),
              HasSubstr("exports no function walk"));
}

}  // namespace
}  // namespace tunefarm::device_agent
