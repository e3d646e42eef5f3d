// A small 32-bit ARM ELF file made by hand: one loaded segment from address 0 and a symbol table,
// as images for boards are. Whatever a test wants to be wrong with it can be set.
#ifndef TUNEFARM_TESTS_SUPPORT_ARM_ELF_H_
#define TUNEFARM_TESTS_SUPPORT_ARM_ELF_H_

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>

namespace tunefarm::testing {

struct ArmElf {
  std::string text = std::string(16, '\xBF');
  std::map<std::string, uint32_t> symbols = {{"kernel", 1}};  // Values: offset, Thumb bit set.
  uint16_t machine = EM_ARM;
  uint32_t flags = PF_R | PF_X;  // Of the segment.
  uint32_t alignment_bytes = 4;
  uint32_t relocation_bytes = 0;  // Of a loaded section of relocations.
  std::string code_section = ".text";
  std::string source_file;  // A symbol in front of the others.

  std::string Build() const {
    std::string names(1, '\0');
    std::string table(sizeof(Elf32_Sym), '\0');
    if (!source_file.empty()) {
      Elf32_Sym symbol = {};
      symbol.st_name = static_cast<uint32_t>(names.size());
      symbol.st_info = ELF32_ST_INFO(STB_LOCAL, STT_FILE);
      symbol.st_shndx = SHN_ABS;
      Append(&table, symbol);
      names += source_file + '\0';
    }
    for (const auto& [name, value] : symbols) {
      Elf32_Sym symbol = {};
      symbol.st_name = static_cast<uint32_t>(names.size());
      symbol.st_value = value;
      symbol.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC);
      symbol.st_shndx = 1;
      Append(&table, symbol);
      names += name + '\0';
    }
    const auto code_name = static_cast<uint32_t>(names.size());
    names += code_section + '\0';
    const uint32_t text_at = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
    const auto table_at = static_cast<uint32_t>(text_at + text.size());
    const auto names_at = static_cast<uint32_t>(table_at + table.size());

    Elf32_Ehdr header = {};
    const unsigned char ident[] = {ELFMAG0,    ELFMAG1,     ELFMAG2,   ELFMAG3,
                                   ELFCLASS32, ELFDATA2LSB, EV_CURRENT};
    std::copy(std::begin(ident), std::end(ident), header.e_ident);
    header.e_type = ET_EXEC;
    header.e_machine = machine;
    header.e_phoff = sizeof(Elf32_Ehdr);
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 1;
    header.e_shoff = static_cast<uint32_t>(names_at + names.size());
    header.e_shentsize = sizeof(Elf32_Shdr);
    header.e_shnum = 5;
    header.e_shstrndx = 3;

    Elf32_Phdr segment = {};
    segment.p_type = PT_LOAD;
    segment.p_offset = text_at;
    segment.p_filesz = segment.p_memsz = static_cast<uint32_t>(text.size());
    segment.p_flags = flags;

    std::string file;
    Append(&file, header);
    Append(&file, segment);
    file += text + table + names;
    Append(&file, Elf32_Shdr{});
    Elf32_Shdr code =
        Section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text_at, text.size(), 0, alignment_bytes);
    code.sh_name = code_name;
    Append(&file, code);
    Append(&file, Section(SHT_SYMTAB, 0, table_at, table.size(), 3, 4));
    Append(&file, Section(SHT_STRTAB, 0, names_at, names.size(), 0, 1));
    Append(&file, Section(SHT_REL, SHF_ALLOC, text_at, relocation_bytes, 0, 4));
    return file;
  }

 private:
  template <typename T>
  static void Append(std::string* out, const T& item) {
    out->append(reinterpret_cast<const char*>(&item), sizeof(item));
  }
  static Elf32_Shdr Section(uint32_t type, uint32_t flags, uint32_t offset, size_t size,
                            uint32_t link, uint32_t alignment) {
    Elf32_Shdr section = {};
    section.sh_type = type;
    section.sh_flags = flags;
    section.sh_offset = offset;
    section.sh_size = static_cast<uint32_t>(size);
    section.sh_link = link;
    section.sh_addralign = alignment;
    return section;
  }
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_ARM_ELF_H_
