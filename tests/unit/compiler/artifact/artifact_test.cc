#include "compiler/artifact/artifact.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <thread>

#include "base/hash.h"
#include "proto/kernel_abi.h"
#include "tests/unit/compiler/artifact/sample_kernels.h"

namespace tunefarm::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Artifact Build(const LoweredKernel& kernel, const std::string& target = "x86-avx2",
               const std::string& symbol = "scale") {
  absl::StatusOr<Artifact> artifact = BuildArtifact(kernel, *ParseTarget(target), symbol);
  EXPECT_TRUE(artifact.ok()) << artifact.status();
  return artifact.ok() ? *artifact : Artifact();
}

// Names in the dynamic symbol table of a 64-bit ELF, split by whether they are imported.
struct DynamicSymbols {
  std::set<std::string> defined, undefined;
};

DynamicSymbols ReadDynamicSymbols(const std::string& elf) {
  DynamicSymbols result;
  Elf64_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof(header));
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), elf.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM) continue;
    const char* names = elf.data() + sections[section.sh_link].sh_offset;
    for (uint64_t at = sizeof(Elf64_Sym); at < section.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, elf.data() + section.sh_offset + at, sizeof(symbol));
      (symbol.st_shndx == SHN_UNDEF ? result.undefined : result.defined)
          .insert(names + symbol.st_name);
    }
  }
  return result;
}

bool NamesALibrary(const std::string& elf) {
  Elf64_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof(header));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, elf.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type != PT_DYNAMIC) continue;
    for (uint64_t at = 0; at < segment.p_filesz; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      std::memcpy(&entry, elf.data() + segment.p_offset + at, sizeof(entry));
      if (entry.d_tag == DT_NEEDED) return true;
    }
  }
  return false;
}

TEST(ArtifactTest, DescribesTheKernelWithoutIr) {
  const Artifact artifact = Build(ScaleKernel());
  EXPECT_EQ(artifact.run_symbol, "scale");
  EXPECT_EQ(artifact.prepare_symbol, "scale_prepare");
  EXPECT_EQ(artifact.abi_version, TUNEFARM_KERNEL_ABI_VERSION);
  EXPECT_EQ(artifact.triple, "x86_64-unknown-linux-gnu");
  EXPECT_EQ(artifact.scratch_bytes_per_worker, 256);
  EXPECT_EQ(artifact.digest, base::Sha256Hex(artifact.shared));
  EXPECT_GT(artifact.text_bytes, 0);
  EXPECT_THAT(artifact.toolchain, HasSubstr("LLVM 19"));
  ASSERT_EQ(artifact.buffers.size(), 4u);
  EXPECT_EQ(artifact.buffers[1].name, "w");
  EXPECT_EQ(artifact.buffers[1].role, BufferRole::kConstant);
  EXPECT_EQ(artifact.buffers[1].num_elems, 64);
  EXPECT_EQ(artifact.buffers[1].fill.high, 15);
  EXPECT_THAT(artifact.buffers[1].extents, ElementsAre(64));
}

TEST(ArtifactTest, WithoutPrepareThereIsOneEntry) {
  LoweredKernel kernel = ScaleKernel();
  kernel.prepare.reset();
  const Artifact artifact = Build(kernel);
  EXPECT_EQ(artifact.prepare_symbol, "");
  EXPECT_THAT(ReadDynamicSymbols(artifact.shared).defined, ElementsAre("scale"));
}

TEST(ArtifactTest, ASharedKernelExportsItsEntriesAndImportsNothing) {
  for (const char* target : {"x86-avx2", "x86-avx512", "triple=x86_64-unknown-linux-gnu,features=",
                             "triple=aarch64-unknown-linux-gnu,cpu=cortex-a72,features=neon"}) {
    const Artifact artifact = Build(ScaleKernel(), target);
    const DynamicSymbols symbols = ReadDynamicSymbols(artifact.shared);
    EXPECT_THAT(symbols.defined, ElementsAre("scale", "scale_prepare")) << target;
    EXPECT_THAT(symbols.undefined, ElementsAre()) << target;
    EXPECT_FALSE(NamesALibrary(artifact.shared)) << target;
  }
}

TEST(ArtifactTest, A32BitKernelIsASharedElfForArmWithHardFloat) {
  const Artifact artifact = Build(ScaleKernel(), "rpi3-32");
  Elf32_Ehdr header;
  ASSERT_GT(artifact.shared.size(), sizeof(header));
  std::memcpy(&header, artifact.shared.data(), sizeof(header));
  EXPECT_EQ(header.e_ident[EI_CLASS], ELFCLASS32);
  EXPECT_EQ(header.e_machine, EM_ARM);
  EXPECT_EQ(header.e_type, ET_DYN);
  EXPECT_EQ(artifact.triple, "armv7-unknown-linux-gnueabihf");
}

TEST(ArtifactTest, TheSameInputGivesTheSameBytesFromAnyThread) {
  const Artifact want = Build(ScaleKernel());
  std::vector<Artifact> got(3);
  std::vector<std::thread> threads;
  for (Artifact& artifact : got) {
    threads.emplace_back([&artifact] { artifact = Build(ScaleKernel()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Artifact& artifact : got) {
    EXPECT_EQ(artifact.object, want.object);
    EXPECT_EQ(artifact.shared, want.shared);
    EXPECT_EQ(artifact.digest, want.digest);
  }
}

TEST(ArtifactTest, CodeIsHashedWithoutItsName) {
  const Artifact scale = Build(ScaleKernel(), "x86-avx2", "scale");
  const Artifact other = Build(ScaleKernel(), "x86-avx2", "other");
  EXPECT_NE(scale.digest, other.digest);
  EXPECT_EQ(scale.text_hash, other.text_hash);
  LoweredKernel twice = ScaleKernel();
  twice.run.body = MakeBlock({twice.run.body, twice.run.body});
  EXPECT_NE(scale.text_hash, Build(twice).text_hash);
  // Equal instructions on different constants are different code.
  const auto store = [](float value) {
    LoweredKernel kernel = ScaleKernel();
    kernel.run.body = MakeStore(kernel.run.params[3], {Expr(0)},
                                MakeFloat(value) - MakeLoad(kernel.run.params[0], {Expr(0)}));
    return kernel;
  };
  EXPECT_NE(Build(store(3)).text_hash, Build(store(5)).text_hash);
}

TEST(ArtifactTest, AKernelForASystemWithoutALoaderOfOursIsOnlyAnObject) {
  const Artifact artifact =
      Build(ScaleKernel(), "triple=aarch64-unknown-freebsd,cpu=cortex-a53,features=neon");
  EXPECT_EQ(artifact.shared, "");
  EXPECT_EQ(artifact.digest, base::Sha256Hex(artifact.object));
}

TEST(ArtifactTest, ASymbolMustBeACIdentifier) {
  for (const char* symbol : {"", "9lives", "a-b", "a b"}) {
    const auto artifact = BuildArtifact(ScaleKernel(), *ParseTarget("x86-avx2"), symbol);
    EXPECT_EQ(artifact.status().code(), absl::StatusCode::kInvalidArgument) << symbol;
    EXPECT_THAT(std::string(artifact.status().message()), HasSubstr("no C identifier"));
  }
}

// The entries of a 32-bit ELF: name -> address.
std::map<std::string, uint32_t> EntriesOfImage(const std::string& elf) {
  std::map<std::string, uint32_t> entries;
  Elf32_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof(header));
  std::vector<Elf32_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), elf.data() + header.e_shoff, sections.size() * sizeof(Elf32_Shdr));
  for (const Elf32_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const char* names = elf.data() + sections[section.sh_link].sh_offset;
    for (uint32_t at = 0; at < section.sh_size; at += sizeof(Elf32_Sym)) {
      Elf32_Sym symbol;
      std::memcpy(&symbol, elf.data() + section.sh_offset + at, sizeof(symbol));
      if (ELF32_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
      if (ELF32_ST_BIND(symbol.st_info) == STB_GLOBAL) {
        entries[names + symbol.st_name] = symbol.st_value;
      }
    }
  }
  return entries;
}

TEST(ArtifactTest, ForABoardItIsAnImageOfOneReadOnlySegmentAtAddressZero) {
  for (const char* target : {"cortex-m4", "cortex-m7", "cortex-m33"}) {
    const Artifact artifact = Build(ScaleKernel(), target);
    Elf32_Ehdr header;
    ASSERT_GE(artifact.shared.size(), sizeof(header));
    std::memcpy(&header, artifact.shared.data(), sizeof(header));
    EXPECT_EQ(header.e_machine, EM_ARM);
    ASSERT_EQ(header.e_phnum, 1);
    Elf32_Phdr segment;
    std::memcpy(&segment, artifact.shared.data() + header.e_phoff, sizeof(segment));
    EXPECT_EQ(segment.p_type, static_cast<uint32_t>(PT_LOAD));
    EXPECT_EQ(segment.p_vaddr, 0u);
    EXPECT_EQ(segment.p_filesz, segment.p_memsz);
    EXPECT_EQ(segment.p_flags, static_cast<uint32_t>(PF_R | PF_X));
    const std::map<std::string, uint32_t> entries = EntriesOfImage(artifact.shared);
    ASSERT_EQ(entries.size(), 2u) << target;
    EXPECT_EQ(entries.at("scale") % 2, 1u) << "a Thumb address is odd";
    EXPECT_TRUE(entries.contains("scale_prepare"));
    int64_t bytes = 0;
    for (const SectionBytes& section : artifact.sections) bytes += section.bytes;
    EXPECT_LE(bytes, segment.p_memsz);
    EXPECT_GT(bytes, 0);
  }
}

TEST(ArtifactTest, CodeForAMemoryIsNamedSoAndIsAnotherKernel) {
  LoweredKernel kernel = ScaleKernel();
  const Artifact plain = Build(kernel, "cortex-m7");
  kernel.code_memory = "itcm";
  const Artifact itcm = Build(kernel, "cortex-m7");
  kernel.code_memory = "sram1";
  const Artifact sram = Build(kernel, "cortex-m7");
  EXPECT_EQ(itcm.code_memory, "itcm");
  // What was measured in one memory is never taken for what the other would give.
  EXPECT_EQ(std::set<std::string>({plain.digest, itcm.digest, sram.digest}).size(), 3);
  EXPECT_EQ(std::set<std::string>({plain.text_hash, itcm.text_hash, sram.text_hash}).size(), 3);
  EXPECT_EQ(itcm.text_bytes, plain.text_bytes);
  EXPECT_EQ(itcm.sections.front().name, ".text.itcm");
  EXPECT_EQ(plain.sections.front().name, ".text");
  // A linker script of the user's can tell it from prepare, which runs once.
  const auto loaded = LoadedSections(itcm.object);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  std::set<std::string> sections;
  for (const SectionBytes& section : *loaded) sections.insert(section.name);
  EXPECT_TRUE(sections.contains(".text.itcm"));
  EXPECT_TRUE(sections.contains(".text"));
}

}  // namespace
}  // namespace tunefarm::compiler
