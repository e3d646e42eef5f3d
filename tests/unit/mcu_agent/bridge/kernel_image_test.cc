#include "mcu_agent/bridge/kernel_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/arm_elf.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::ArmElf;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

auto Refused(const std::string& why) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why));
}

TEST(KernelImageTest, ImageIsTheSegmentAndItsEntries) {
  ArmElf elf;
  elf.text = std::string(24, 'x');
  elf.symbols = {{"kernel", 9}, {"kernel_prepare", 17}};
  const auto image = ReadKernelImage(elf.Build(), "kernel", "kernel_prepare");
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->bytes, elf.text);
  EXPECT_EQ(image->text_bytes, 24);
  EXPECT_EQ(image->run_offset, 8);
  EXPECT_TRUE(image->has_prepare);
  EXPECT_EQ(image->prepare_offset, 16);
}

TEST(KernelImageTest, ImageIsMadeOfWholeWords) {
  ArmElf elf;
  elf.text = std::string(10, 'x');
  const auto image = ReadKernelImage(elf.Build(), "kernel", "");
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->bytes, std::string(10, 'x') + std::string(2, '\0'));
  EXPECT_FALSE(image->has_prepare);
}

TEST(KernelImageTest, AlignmentIsThatOfTheSections) {
  ArmElf elf;
  elf.alignment_bytes = 64;
  EXPECT_EQ(ReadKernelImage(elf.Build(), "kernel", "")->alignment_bytes, 64);
}

TEST(KernelImageTest, FileOfAnotherMachineIsRefused) {
  ArmElf elf;
  elf.machine = EM_386;
  EXPECT_THAT(ReadKernelImage(elf.Build(), "kernel", ""), Refused("machine 3"));
  EXPECT_THAT(ReadKernelImage("no ELF", "kernel", ""), Refused("6 bytes that are no ELF file"));
}

TEST(KernelImageTest, WritableDataIsRefused) {
  ArmElf elf;
  elf.flags = PF_R | PF_W | PF_X;
  EXPECT_THAT(ReadKernelImage(elf.Build(), "kernel", ""), Refused("writable"));
}

TEST(KernelImageTest, RelocationsAreRefused) {
  ArmElf elf;
  elf.relocation_bytes = 8;
  EXPECT_THAT(ReadKernelImage(elf.Build(), "kernel", ""), Refused("not position-independent"));
}

TEST(KernelImageTest, EntryMustBeThereAndInTheCode) {
  ArmElf elf;
  EXPECT_THAT(ReadKernelImage(elf.Build(), "other", ""), Refused("no symbol \"other\""));
  elf.symbols = {{"kernel", 17}};
  EXPECT_THAT(ReadKernelImage(elf.Build(), "kernel", ""), Refused("outside of the code"));
}

TEST(KernelImageTest, EveryCutFileIsRefused) {
  const std::string whole = ArmElf().Build();
  for (size_t size = 0; size < whole.size(); ++size) {
    // All that the image needs stands before the header of the relocations.
    EXPECT_FALSE(ReadKernelImage(whole.substr(0, size), "kernel", "").ok()) << size;
  }
}

TEST(KernelImageTest, EveryFlippedByteIsReadOrRefused) {
  const std::string whole = ArmElf().Build();
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      const auto image = ReadKernelImage(bytes, "kernel", "");
      if (image.ok()) {
        EXPECT_LE(image->run_offset, image->bytes.size());
      }
    }
  }
}

TEST(KernelImageTest, SourceFileOfTheEntrysNameIsNotTheEntry) {
  ArmElf elf;
  elf.source_file = "kernel";
  elf.symbols = {{"kernel", 9}};
  EXPECT_EQ(ReadKernelImage(elf.Build(), "kernel", "")->run_offset, 8);
}

TEST(KernelImageTest, CodeSectionNamesTheMemoryThatItIsFor) {
  ArmElf elf;
  EXPECT_EQ(ReadKernelImage(elf.Build(), "kernel", "")->code_memory, "");
  elf.code_section = ".text.itcm";
  EXPECT_EQ(ReadKernelImage(elf.Build(), "kernel", "")->code_memory, "itcm");
}

// The refusal travels as text, which bytes from outside may not be.
TEST(KernelImageTest, NameOfAMemoryThatIsNoneIsRefusedAndNotRepeated) {
  for (const char* name : {".text.\xff\xfe", ".text.", ".text.ITCM", ".text.a;b", ".text.1"}) {
    ArmElf elf;
    elf.code_section = name;
    const auto image = ReadKernelImage(elf.Build(), "kernel", "");
    ASSERT_FALSE(image.ok()) << name;
    EXPECT_THAT(std::string(image.status().message()),
                ::testing::EndsWith("not 1 to 32 characters a-z, 0-9, _"));
  }
}

}  // namespace
}  // namespace tunefarm::mcu_agent
