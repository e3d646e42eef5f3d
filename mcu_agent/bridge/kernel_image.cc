#include "mcu_agent/bridge/kernel_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "proto/code_memory.h"

namespace tunefarm::mcu_agent {
namespace {

// Above the memory of any board there is, far below what would make sums overflow.
constexpr uint32_t kMaxImageBytes = uint32_t{64} << 20;
constexpr uint32_t kMaxSymbols = 1 << 16;
constexpr uint32_t kMaxAlignmentBytes = 4096;
constexpr uint32_t kThumbBit = 1;
constexpr uint32_t kWordBytes = 4;
constexpr std::string_view kMemorySectionPrefix = TUNEFARM_CODE_SECTION_PREFIX;

template <typename... Args>
absl::Status Refused(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(
      absl::StrFormat("kernel ELF: %s", absl::StrFormat(format, args...)));
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  absl::StatusOr<KernelImage> Read(const std::string& run, const std::string& prepare) {
    TUNEFARM_RETURN_IF_ERROR(ReadHeader());
    TUNEFARM_RETURN_IF_ERROR(ReadSections());
    TUNEFARM_RETURN_IF_ERROR(ReadCodeMemory());
    TUNEFARM_RETURN_IF_ERROR(ReadSegments());
    TUNEFARM_ASSIGN_OR_RETURN(image_.run_offset, EntryOffset(run));
    if (!prepare.empty()) {
      TUNEFARM_ASSIGN_OR_RETURN(image_.prepare_offset, EntryOffset(prepare));
      image_.has_prepare = true;
    }
    return std::move(image_);
  }

 private:
  // A copy of the T at `offset` of the file; none where it would pass the end.
  template <typename T>
  std::optional<T> At(uint64_t offset) const {
    if (offset > file_.size() || sizeof(T) > file_.size() - offset) return std::nullopt;
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof(T));
    return value;
  }

  absl::Status ReadHeader();
  absl::Status ReadSections();
  absl::Status ReadCodeMemory();
  absl::Status ReadSegments();
  absl::Status Copy(const Elf32_Phdr& segment);
  absl::StatusOr<std::string_view> Name(const Elf32_Shdr& strings, uint32_t offset) const;
  absl::StatusOr<std::optional<uint32_t>> FindIn(const Elf32_Shdr& table,
                                                 const std::string& symbol) const;
  absl::StatusOr<uint32_t> EntryOffset(const std::string& symbol) const;

  const std::string_view file_;
  Elf32_Ehdr header_ = {};
  std::vector<Elf32_Shdr> sections_;
  uint32_t base_ = 0;  // Address that the image's first byte was linked at.
  uint32_t text_begin_ = 0, text_end_ = 0;
  KernelImage image_;
};

absl::Status Reader::ReadHeader() {
  const auto header = At<Elf32_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    return Refused("%u bytes that are no ELF file", file_.size());
  }
  if (header->e_ident[EI_CLASS] != ELFCLASS32 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != EM_ARM) {
    return Refused("class %d, byte order %d, machine %d; want 32-bit little-endian ARM (1, 1, %d)",
                   header->e_ident[EI_CLASS], header->e_ident[EI_DATA], header->e_machine, EM_ARM);
  }
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
    return Refused("type %d is not linked", header->e_type);
  }
  header_ = *header;
  return absl::OkStatus();
}

absl::Status Reader::ReadSections() {
  for (int i = 0; i < header_.e_shnum; ++i) {
    const auto section =
        At<Elf32_Shdr>(uint64_t{header_.e_shoff} + uint64_t{header_.e_shentsize} * i);
    if (!section) return Refused("section header %d lies beyond the end of the file", i);
    const bool relocates = section->sh_type == SHT_REL || section->sh_type == SHT_RELA;
    if (relocates && section->sh_size != 0 && (section->sh_flags & SHF_ALLOC) != 0) {
      return Refused(
          "section %d has %u bytes of relocations: the image is not position-independent", i,
          section->sh_size);
    }
    if ((section->sh_flags & SHF_ALLOC) != 0 && section->sh_size != 0) {
      // Of the sections: segments are aligned to pages, which a board has none of.
      if (section->sh_addralign > kMaxAlignmentBytes ||
          (section->sh_addralign & (section->sh_addralign - 1)) != 0) {
        return Refused("section %d is aligned to %u, at most %u", i, section->sh_addralign,
                       kMaxAlignmentBytes);
      }
      image_.alignment_bytes = std::max(image_.alignment_bytes, section->sh_addralign);
    }
    sections_.push_back(*section);
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadCodeMemory() {
  if (header_.e_shstrndx >= sections_.size()) return absl::OkStatus();  // No section has a name.
  for (const Elf32_Shdr& section : sections_) {
    if ((section.sh_flags & SHF_ALLOC) == 0 || (section.sh_flags & SHF_EXECINSTR) == 0) continue;
    TUNEFARM_ASSIGN_OR_RETURN(const std::string_view name,
                              Name(sections_[header_.e_shstrndx], section.sh_name));
    if (!name.starts_with(kMemorySectionPrefix)) continue;
    const std::string memory(name.substr(kMemorySectionPrefix.size()));
    // Its text is not repeated: it may be no text at all.
    if (tunefarm_is_memory_name(memory.data(), memory.size()) == 0) {
      return Refused("the name of a code section's memory is not 1 to %d characters a-z, 0-9, _",
                     TUNEFARM_MAX_MEMORY_NAME);
    }
    if (!image_.code_memory.empty() && image_.code_memory != memory) {
      return Refused("code for two memories, %s and %s", image_.code_memory, memory);
    }
    image_.code_memory = memory;
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadSegments() {
  std::vector<Elf32_Phdr> loads;
  for (int i = 0; i < header_.e_phnum; ++i) {
    const auto segment =
        At<Elf32_Phdr>(uint64_t{header_.e_phoff} + uint64_t{header_.e_phentsize} * i);
    if (!segment) return Refused("program header %d lies beyond the end of the file", i);
    if (segment->p_type != PT_LOAD || segment->p_memsz == 0) continue;
    if ((segment->p_flags & PF_W) != 0) {
      return Refused("segment %d (%u bytes) is writable: a kernel has no data of its own", i,
                     segment->p_memsz);
    }
    if (segment->p_filesz > segment->p_memsz || segment->p_memsz > kMaxImageBytes ||
        segment->p_vaddr > UINT32_MAX - kMaxImageBytes) {
      return Refused("segment %d at %#x has %u bytes in the file and %u in memory", i,
                     segment->p_vaddr, segment->p_filesz, segment->p_memsz);
    }
    loads.push_back(*segment);
  }
  if (loads.empty()) return Refused("nothing to load");
  base_ = std::min_element(loads.begin(), loads.end(), [](const auto& a, const auto& b) {
            return a.p_vaddr < b.p_vaddr;
          })->p_vaddr;
  for (const Elf32_Phdr& segment : loads) TUNEFARM_RETURN_IF_ERROR(Copy(segment));
  if (text_end_ == text_begin_) return Refused("no executable segment");
  // What is copied is copied by words.
  image_.bytes.resize((image_.bytes.size() + kWordBytes - 1) / kWordBytes * kWordBytes);
  // Addresses modulo the alignment must be what the linker made them.
  if (base_ % image_.alignment_bytes != 0) {
    return Refused("linked at %#x, which is not aligned to %u", base_, image_.alignment_bytes);
  }
  return absl::OkStatus();
}

absl::Status Reader::Copy(const Elf32_Phdr& segment) {
  const uint64_t begin = segment.p_vaddr - base_;
  if (begin + segment.p_memsz > kMaxImageBytes) {
    return Refused("a segment ends %u bytes from the image's begin, the bound is %u",
                   begin + segment.p_memsz, kMaxImageBytes);
  }
  if (segment.p_offset > file_.size() || segment.p_filesz > file_.size() - segment.p_offset) {
    return Refused("a segment of %u bytes at offset %u lies beyond the end of the file",
                   segment.p_filesz, segment.p_offset);
  }
  image_.bytes.resize(std::max<size_t>(image_.bytes.size(), begin + segment.p_memsz));
  std::memcpy(image_.bytes.data() + begin, file_.data() + segment.p_offset, segment.p_filesz);
  if ((segment.p_flags & PF_X) != 0) {
    text_begin_ = text_end_ == 0 ? segment.p_vaddr : std::min(text_begin_, segment.p_vaddr);
    text_end_ = std::max(text_end_, segment.p_vaddr + segment.p_memsz);
    image_.text_bytes += segment.p_memsz;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> Reader::Name(const Elf32_Shdr& strings, uint32_t offset) const {
  const uint64_t begin = uint64_t{strings.sh_offset} + offset;
  const uint64_t end = uint64_t{strings.sh_offset} + strings.sh_size;
  if (offset >= strings.sh_size || end > file_.size()) return Refused("a name lies nowhere");
  const std::string_view tail = file_.substr(begin, end - begin);
  return tail.substr(0, tail.find('\0'));
}

// The address of a defined symbol; none where the table does not have it.
absl::StatusOr<std::optional<uint32_t>> Reader::FindIn(const Elf32_Shdr& table,
                                                       const std::string& symbol) const {
  if (table.sh_link >= sections_.size()) return Refused("a symbol table without names");
  const uint32_t num_symbols = table.sh_size / sizeof(Elf32_Sym);
  if (num_symbols > kMaxSymbols) return Refused("%u symbols, at most %u", num_symbols, kMaxSymbols);
  for (uint32_t i = 0; i < num_symbols; ++i) {
    const auto entry = At<Elf32_Sym>(uint64_t{table.sh_offset} + uint64_t{i} * sizeof(Elf32_Sym));
    if (!entry) return Refused("symbol %u lies beyond the end of the file", i);
    // The name of a source file stands there as well, in no section, and may be the entry's.
    const bool is_in_section = entry->st_shndx != SHN_UNDEF && entry->st_shndx < SHN_LORESERVE;
    if (!is_in_section || entry->st_name == 0) continue;
    TUNEFARM_ASSIGN_OR_RETURN(const std::string_view name,
                              Name(sections_[table.sh_link], entry->st_name));
    if (name == symbol) return entry->st_value;
  }
  return std::optional<uint32_t>();
}

absl::StatusOr<uint32_t> Reader::EntryOffset(const std::string& symbol) const {
  for (const Elf32_Shdr& section : sections_) {
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
    TUNEFARM_ASSIGN_OR_RETURN(const std::optional<uint32_t> value, FindIn(section, symbol));
    if (!value) continue;
    const uint32_t address = *value & ~kThumbBit;
    if (address < text_begin_ || address >= text_end_) {
      return Refused("entry %s at %#x is outside of the code [%#x, %#x)", symbol, address,
                     text_begin_, text_end_);
    }
    return address - base_;
  }
  return Refused("no symbol \"%s\"", symbol);
}

}  // namespace

absl::StatusOr<KernelImage> ReadKernelImage(std::string_view elf, const std::string& run_symbol,
                                            const std::string& prepare_symbol) {
  return Reader(elf).Read(run_symbol, prepare_symbol);
}

}  // namespace tunefarm::mcu_agent
