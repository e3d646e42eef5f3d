// ELF's structures of 32 and 64 bits, read into one form: the 64-bit one.
//
// Used by the reader of kernels (elf_image.cc), which so knows no widths. Pure; bounds are the
// caller's.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_FORMAT_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_FORMAT_H_

#include <elf.h>

#include <cstring>

namespace tunefarm::device_agent {

// e_machine for people.
inline const char* MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_386:
      return "i386";
    default:
      return "unknown";
  }
}

inline Elf64_Ehdr Widen(const Elf32_Ehdr& narrow) {
  Elf64_Ehdr wide = {};
  std::memcpy(wide.e_ident, narrow.e_ident, EI_NIDENT);
  wide.e_type = narrow.e_type;
  wide.e_machine = narrow.e_machine;
  wide.e_phoff = narrow.e_phoff;
  wide.e_phentsize = narrow.e_phentsize;
  wide.e_phnum = narrow.e_phnum;
  return wide;
}

inline Elf64_Phdr Widen(const Elf32_Phdr& narrow) {
  return {.p_type = narrow.p_type,
          .p_flags = narrow.p_flags,
          .p_offset = narrow.p_offset,
          .p_vaddr = narrow.p_vaddr,
          .p_paddr = narrow.p_paddr,
          .p_filesz = narrow.p_filesz,
          .p_memsz = narrow.p_memsz,
          .p_align = narrow.p_align};
}

inline Elf64_Dyn Widen(const Elf32_Dyn& narrow) {
  return {.d_tag = narrow.d_tag, .d_un = {.d_val = narrow.d_un.d_val}};
}

inline Elf64_Sym Widen(const Elf32_Sym& narrow) {
  return {.st_name = narrow.st_name,
          .st_info = narrow.st_info,
          .st_other = narrow.st_other,
          .st_shndx = narrow.st_shndx,
          .st_value = narrow.st_value,
          .st_size = narrow.st_size};
}

inline Elf64_Rel Widen(const Elf32_Rel& narrow) {
  return {.r_offset = narrow.r_offset,
          .r_info = ELF64_R_INFO(uint64_t{ELF32_R_SYM(narrow.r_info)},
                                 uint64_t{ELF32_R_TYPE(narrow.r_info)})};
}

inline Elf64_Rela Widen(const Elf32_Rela& narrow) {
  const Elf64_Rel place = Widen(Elf32_Rel{.r_offset = narrow.r_offset, .r_info = narrow.r_info});
  return {.r_offset = place.r_offset, .r_info = place.r_info, .r_addend = narrow.r_addend};
}

// The 32-bit structure that becomes a given 64-bit one.
template <typename Wide>
struct Narrow;
template <>
struct Narrow<Elf64_Ehdr> : Elf32_Ehdr {};
template <>
struct Narrow<Elf64_Phdr> : Elf32_Phdr {};
template <>
struct Narrow<Elf64_Dyn> : Elf32_Dyn {};
template <>
struct Narrow<Elf64_Sym> : Elf32_Sym {};
template <>
struct Narrow<Elf64_Rel> : Elf32_Rel {};
template <>
struct Narrow<Elf64_Rela> : Elf32_Rela {};

// Bytes of a structure in a file of that class (ELFCLASS32 or ELFCLASS64).
template <typename Wide>
constexpr uint64_t RecordBytes(uint8_t elf_class) {
  return elf_class == ELFCLASS64 ? sizeof(Wide) : sizeof(Narrow<Wide>);
}

// The structure at `bytes`, which must be RecordBytes long.
template <typename Wide>
Wide ReadRecord(uint8_t elf_class, const uint8_t* bytes) {
  if (elf_class == ELFCLASS64) {
    Wide wide;
    std::memcpy(&wide, bytes, sizeof(wide));
    return wide;
  }
  Narrow<Wide> narrow;
  std::memcpy(&narrow, bytes, sizeof(narrow));
  return Widen(narrow);
}

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_ELF_FORMAT_H_
