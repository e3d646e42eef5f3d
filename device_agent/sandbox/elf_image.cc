#include "device_agent/sandbox/elf_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/sandbox/elf_format.h"

namespace tunefarm::device_agent {
namespace {

// Far above any kernel, far below what would make sums overflow.
constexpr uint64_t kMaxImageBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxSymbols = 1 << 16;
constexpr size_t kMaxNameBytes = 512;

template <typename... Args>
absl::Status Refused(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(
      absl::StrFormat("kernel ELF: %s", absl::StrFormat(format, args...)));
}

class Reader {
 public:
  Reader(std::span<const uint8_t> file, uint64_t page_bytes, const Machine& machine)
      : file_(file), page_bytes_(page_bytes), machine_(machine) {}

  absl::StatusOr<ElfImage> Read() {
    TUNEFARM_RETURN_IF_ERROR(ReadHeader());
    TUNEFARM_RETURN_IF_ERROR(ReadSegments());
    if (dynamic_bytes_ == 0) return Refused("no dynamic section: it exports nothing");
    TUNEFARM_RETURN_IF_ERROR(ReadDynamic());
    TUNEFARM_RETURN_IF_ERROR(ReadSymbols());
    TUNEFARM_RETURN_IF_ERROR(machine_.has_addends ? ReadRelocations(DT_RELA, DT_RELASZ)
                                                  : ReadRelocations(DT_REL, DT_RELSZ));
    TUNEFARM_RETURN_IF_ERROR(ReadRelocations(DT_JMPREL, DT_PLTRELSZ));
    return std::move(image_);
  }

 private:
  // The bytes [offset, offset + num_bytes) of the file; null where they would pass its end.
  const uint8_t* BytesAt(uint64_t offset, uint64_t num_bytes) const {
    if (offset > file_.size() || num_bytes > file_.size() - offset) return nullptr;
    return file_.data() + offset;
  }

  // The bytes at image address `address`, inside the file part of one segment.
  const uint8_t* BytesAtAddress(uint64_t address, uint64_t num_bytes) const {
    for (const ElfSegment& segment : image_.segments) {
      if (address < segment.address) continue;
      const uint64_t inside = address - segment.address;
      if (inside <= segment.file_bytes && num_bytes <= segment.file_bytes - inside) {
        return BytesAt(segment.file_offset + inside, num_bytes);
      }
    }
    return nullptr;
  }

  // A copy of the structure T (elf_format.h) at an offset of the file, or at an image address.
  template <typename T>
  std::optional<T> At(uint64_t offset) const {
    const uint8_t* bytes = BytesAt(offset, BytesOf<T>());
    if (bytes == nullptr) return std::nullopt;
    return ReadRecord<T>(machine_.elf_class, bytes);
  }
  template <typename T>
  std::optional<T> AtAddress(uint64_t address) const {
    const uint8_t* bytes = BytesAtAddress(address, BytesOf<T>());
    if (bytes == nullptr) return std::nullopt;
    return ReadRecord<T>(machine_.elf_class, bytes);
  }
  template <typename T>
  uint64_t BytesOf() const {
    return RecordBytes<T>(machine_.elf_class);
  }

  // An integer of `num_bytes` at an image address; all machines are little-endian.
  std::optional<uint64_t> Integer(uint64_t address, uint64_t num_bytes) const {
    const uint8_t* bytes = BytesAtAddress(address, num_bytes);
    if (bytes == nullptr) return std::nullopt;
    uint64_t value = 0;
    std::memcpy(&value, bytes, num_bytes);
    return value;
  }
  std::optional<uint64_t> Integer32(uint64_t address) const { return Integer(address, 4); }

  const ElfSegment* SegmentOf(uint64_t address, uint64_t num_bytes) const {
    for (const ElfSegment& segment : image_.segments) {
      if (address < segment.address) continue;
      const uint64_t inside = address - segment.address;
      if (inside <= segment.memory_bytes && num_bytes <= segment.memory_bytes - inside) {
        return &segment;
      }
    }
    return nullptr;
  }

  std::optional<uint64_t> Dynamic(int64_t tag) const {
    const auto entry = dynamic_.find(tag);
    if (entry == dynamic_.end()) return std::nullopt;
    return entry->second;
  }

  absl::Status ReadHeader();
  absl::Status ReadSegments();
  absl::Status AddSegment(const Elf64_Phdr& header);
  absl::Status ReadDynamic();
  absl::StatusOr<uint64_t> NumSymbols() const;
  absl::StatusOr<uint64_t> NumSymbolsOfGnuHash(uint64_t table) const;
  absl::StatusOr<std::string> Name(uint64_t offset) const;
  absl::Status ReadSymbols();
  absl::Status AddSymbol(const Elf64_Sym& symbol);
  absl::Status ReadRelocations(int64_t table_tag, int64_t bytes_tag);
  absl::Status AddRelocation(const Elf64_Rela& relocation);
  absl::StatusOr<Elf64_Rela> Relocation(uint64_t address) const;

  const std::span<const uint8_t> file_;
  const uint64_t page_bytes_;
  const Machine& machine_;
  Elf64_Ehdr header_ = {};
  uint64_t dynamic_offset_ = 0;
  uint64_t dynamic_bytes_ = 0;
  std::map<int64_t, uint64_t> dynamic_;
  uint64_t num_symbols_ = 0;
  ElfImage image_;
};

absl::Status Reader::ReadHeader() {
  const auto header = At<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    return Refused("%d bytes that are no ELF file", file_.size());
  }
  header_ = *header;
  if (header_.e_ident[EI_CLASS] != machine_.elf_class || header_.e_ident[EI_DATA] != ELFDATA2LSB) {
    return Refused("not %d-bit little-endian, as this device is", machine_.word_bytes() * 8);
  }
  if (header_.e_machine != machine_.elf_machine) {
    return Refused("for machine %s (%d), this device is %s", MachineName(header_.e_machine),
                   header_.e_machine, machine_.name);
  }
  if (header_.e_type != ET_DYN) return Refused("type %d, want a shared object", header_.e_type);
  if (header_.e_phentsize != BytesOf<Elf64_Phdr>()) {
    return Refused("program headers of %d bytes, want %d", header_.e_phentsize,
                   BytesOf<Elf64_Phdr>());
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadSegments() {
  for (uint64_t i = 0; i < header_.e_phnum; ++i) {
    if (header_.e_phoff > file_.size()) return Refused("program headers lie beyond its end");
    const auto header = At<Elf64_Phdr>(header_.e_phoff + i * BytesOf<Elf64_Phdr>());
    if (!header) return Refused("cut short: program header %d lies beyond its end", i);
    switch (header->p_type) {
      case PT_LOAD:
        TUNEFARM_RETURN_IF_ERROR(AddSegment(*header));
        break;
      case PT_DYNAMIC:
        dynamic_offset_ = header->p_offset;
        dynamic_bytes_ = header->p_filesz;
        break;
      case PT_INTERP:
        return Refused("names an interpreter: it is a program, not a kernel");
      case PT_TLS:
        return Refused("has thread-local data, which a kernel must not have");
      default:
        break;
    }
  }
  if (image_.segments.empty()) return Refused("nothing to load");
  return absl::OkStatus();
}

absl::Status Reader::AddSegment(const Elf64_Phdr& header) {
  if (header.p_filesz > header.p_memsz || header.p_offset > file_.size() ||
      header.p_filesz > file_.size() - header.p_offset) {
    return Refused("cut short: a segment of %d bytes at offset %d, the file has %d",
                   header.p_filesz, header.p_offset, file_.size());
  }
  if (header.p_vaddr > kMaxImageBytes || header.p_memsz > kMaxImageBytes) {
    return Refused("a segment of %d bytes at address %d exceeds %d", header.p_memsz, header.p_vaddr,
                   kMaxImageBytes);
  }
  if ((header.p_flags & PF_W) != 0 && (header.p_flags & PF_X) != 0) {
    return Refused("a segment is both writable and executable");
  }
  // Protection works in pages, so two segments in one page could not both have what they ask for.
  const uint64_t first_page = header.p_vaddr / page_bytes_;
  const uint64_t end_of_last = image_.segments.empty() ? 0 : image_.memory_bytes;
  if (first_page < (end_of_last + page_bytes_ - 1) / page_bytes_) {
    return Refused("segments overlap or are out of order at address %d", header.p_vaddr);
  }
  image_.segments.push_back({.address = header.p_vaddr,
                             .memory_bytes = header.p_memsz,
                             .file_offset = header.p_offset,
                             .file_bytes = header.p_filesz,
                             .writable = (header.p_flags & PF_W) != 0,
                             .executable = (header.p_flags & PF_X) != 0});
  image_.memory_bytes = header.p_vaddr + header.p_memsz;
  return absl::OkStatus();
}

absl::Status Reader::ReadDynamic() {
  const uint64_t entry_bytes = BytesOf<Elf64_Dyn>();
  for (uint64_t done = 0; done + entry_bytes <= dynamic_bytes_; done += entry_bytes) {
    if (dynamic_offset_ > file_.size()) return Refused("dynamic section lies beyond its end");
    const auto entry = At<Elf64_Dyn>(dynamic_offset_ + done);
    if (!entry) return Refused("cut short: the dynamic section lies beyond its end");
    if (entry->d_tag == DT_NULL) break;
    dynamic_[entry->d_tag] = entry->d_un.d_val;
  }
  if (const auto needed = Dynamic(DT_NEEDED)) {
    const absl::StatusOr<std::string> name = Name(*needed);
    return Refused("needs library %s, a kernel imports nothing", name.ok() ? *name : "?");
  }
  for (const int64_t tag : {DT_INIT, DT_FINI}) {
    if (Dynamic(tag)) return Refused("has code that runs at load or unload (DT_INIT, DT_FINI)");
  }
  for (const int64_t tag : {DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ, DT_PREINIT_ARRAYSZ}) {
    if (Dynamic(tag).value_or(0) != 0) return Refused("has constructors or destructors");
  }
  // DT_RELR by number: Debian 12's elf.h has no name for it.
  constexpr int64_t kRelrTag = 36;
  const int64_t other_kind = machine_.has_addends ? DT_REL : DT_RELA;
  for (const int64_t tag : {int64_t{DT_TEXTREL}, other_kind, kRelrTag}) {
    if (Dynamic(tag))
      return Refused("has relocations of a kind this agent does not apply (tag %d)", tag);
  }
  for (const auto& [tag, num_bytes] :
       {std::pair{DT_RELAENT, BytesOf<Elf64_Rela>()}, std::pair{DT_RELENT, BytesOf<Elf64_Rel>()},
        std::pair{DT_SYMENT, BytesOf<Elf64_Sym>()}}) {
    if (Dynamic(tag).value_or(num_bytes) != num_bytes) {
      return Refused("table entries have unknown sizes");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Reader::NumSymbols() const {
  if (const auto table = Dynamic(DT_HASH)) {
    // Buckets, then chains: there are as many chain entries as symbols.
    const auto num_chains = Integer32(*table + sizeof(uint32_t));
    if (!num_chains) return Refused("its symbol hash table lies outside the file");
    return *num_chains;
  }
  if (const auto table = Dynamic(DT_GNU_HASH)) return NumSymbolsOfGnuHash(*table);
  return Refused("no symbol hash table: it exports nothing");
}

// Header of four words, Bloom filter, buckets, chains; the last symbol ends the chain of the
// largest bucket.
absl::StatusOr<uint64_t> Reader::NumSymbolsOfGnuHash(uint64_t table) const {
  const auto num_buckets = Integer32(table);
  const auto first_symbol = Integer32(table + 4);
  const auto bloom_words = Integer32(table + 8);
  if (!num_buckets || !first_symbol || !bloom_words) {
    return Refused("its symbol hash table lies outside the file");
  }
  const uint64_t buckets = table + 16 + *bloom_words * machine_.word_bytes();
  const uint64_t chains = buckets + *num_buckets * 4;
  uint64_t last = 0;
  for (uint64_t i = 0; i < *num_buckets; ++i) {
    const auto bucket = Integer32(buckets + i * 4);
    if (!bucket) return Refused("its symbol hash table lies outside the file");
    last = std::max(last, *bucket);
  }
  if (last < *first_symbol) return *first_symbol;
  while (true) {
    const auto hash = Integer32(chains + (last - *first_symbol) * 4);
    if (!hash) return Refused("its symbol hash table lies outside the file");
    ++last;
    if ((*hash & 1) != 0) return last;
  }
}

absl::StatusOr<std::string> Reader::Name(uint64_t offset) const {
  const auto table = Dynamic(DT_STRTAB);
  std::string name;
  while (table && name.size() < kMaxNameBytes) {
    const uint8_t* c = BytesAtAddress(*table + offset + name.size(), 1);
    if (c == nullptr) break;
    if (*c == 0) return name;
    name.push_back(static_cast<char>(*c));
  }
  return Refused("a symbol's name lies outside its string table");
}

absl::Status Reader::ReadSymbols() {
  const auto table = Dynamic(DT_SYMTAB);
  if (!table) return Refused("no symbol table: it exports nothing");
  TUNEFARM_ASSIGN_OR_RETURN(num_symbols_, NumSymbols());
  if (num_symbols_ > kMaxSymbols) {
    return Refused("%d symbols, more than the %d a kernel may have", num_symbols_, kMaxSymbols);
  }
  for (uint64_t i = 1; i < num_symbols_; ++i) {  // Entry 0 is reserved.
    const auto symbol = AtAddress<Elf64_Sym>(*table + i * BytesOf<Elf64_Sym>());
    if (!symbol) return Refused("cut short: symbol %d lies outside the file", i);
    TUNEFARM_RETURN_IF_ERROR(AddSymbol(*symbol));
  }
  return absl::OkStatus();
}

absl::Status Reader::AddSymbol(const Elf64_Sym& symbol) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::string name, Name(symbol.st_name));
  if (symbol.st_shndx == SHN_UNDEF) return Refused("imports %s, a kernel imports nothing", name);
  const int type = ELF64_ST_TYPE(symbol.st_info);
  if (type == STT_GNU_IFUNC || type == STT_TLS) {
    return Refused("symbol %s is of a kind (%d) that runs code at load or needs threads", name,
                   type);
  }
  if (type != STT_FUNC && type != STT_NOTYPE) return absl::OkStatus();
  // The lowest bit of a 32-bit ARM function says that its code is Thumb; callers need it.
  const uint64_t thumb_bit = machine_.elf_machine == EM_ARM ? symbol.st_value & 1 : 0;
  const ElfSegment* segment = SegmentOf(symbol.st_value - thumb_bit, 1);
  if (segment != nullptr && segment->executable) image_.functions[name] = symbol.st_value;
  return absl::OkStatus();
}

absl::Status Reader::ReadRelocations(int64_t table_tag, int64_t bytes_tag) {
  const auto table = Dynamic(table_tag);
  const uint64_t num_bytes = Dynamic(bytes_tag).value_or(0);
  if (!table || num_bytes == 0) return absl::OkStatus();
  // Also bounds the loop: what is larger than the file cannot lie in it.
  if (num_bytes > file_.size()) return Refused("cut short: relocations lie outside the file");
  const int64_t kind = machine_.has_addends ? DT_RELA : DT_REL;
  if (table_tag == DT_JMPREL && Dynamic(DT_PLTREL).value_or(kind) != static_cast<uint64_t>(kind)) {
    return Refused("has relocations of a kind this agent does not apply (DT_PLTREL)");
  }
  const uint64_t entry_bytes = machine_.has_addends ? BytesOf<Elf64_Rela>() : BytesOf<Elf64_Rel>();
  for (uint64_t done = 0; done + entry_bytes <= num_bytes; done += entry_bytes) {
    TUNEFARM_ASSIGN_OR_RETURN(const Elf64_Rela relocation, Relocation(*table + done));
    TUNEFARM_RETURN_IF_ERROR(AddRelocation(relocation));
  }
  return absl::OkStatus();
}

// The entry at an image address, with the addend that it has itself or that stands in its place.
absl::StatusOr<Elf64_Rela> Reader::Relocation(uint64_t address) const {
  if (machine_.has_addends) {
    const auto relocation = AtAddress<Elf64_Rela>(address);
    if (!relocation) return Refused("cut short: relocations lie outside the file");
    return *relocation;
  }
  const auto relocation = AtAddress<Elf64_Rel>(address);
  if (!relocation) return Refused("cut short: relocations lie outside the file");
  const auto addend = Integer(relocation->r_offset, machine_.word_bytes());
  if (!addend) {
    return Refused("relocates address %d, which the file has no bytes for", relocation->r_offset);
  }
  return Elf64_Rela{.r_offset = relocation->r_offset,
                    .r_info = relocation->r_info,
                    .r_addend = static_cast<int64_t>(*addend)};
}

absl::Status Reader::AddRelocation(const Elf64_Rela& relocation) {
  const uint32_t type = ELF64_R_TYPE(relocation.r_info);
  const ElfSegment* segment = SegmentOf(relocation.r_offset, machine_.word_bytes());
  if (segment == nullptr || !segment->writable) {
    return Refused("relocates address %d, which is not in its writable data", relocation.r_offset);
  }
  const auto addend = static_cast<uint64_t>(relocation.r_addend);
  if (type == machine_.relative) {
    image_.relocations.push_back({relocation.r_offset, addend});
    return absl::OkStatus();
  }
  if (type != machine_.absolute && type != machine_.global_data && type != machine_.jump_slot) {
    return Refused("has a relocation of type %d, which this agent does not apply", type);
  }
  const uint64_t index = ELF64_R_SYM(relocation.r_info);
  const auto symbol = AtAddress<Elf64_Sym>(*Dynamic(DT_SYMTAB) + index * BytesOf<Elf64_Sym>());
  if (index == 0 || index >= num_symbols_ || !symbol) {
    return Refused("relocates by symbol %d of %d", index, num_symbols_);
  }
  image_.relocations.push_back({relocation.r_offset, symbol->st_value + addend});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ElfImage> ReadElf(std::span<const uint8_t> file, uint64_t page_bytes,
                                 const Machine& machine) {
  return Reader(file, page_bytes, machine).Read();
}

}  // namespace tunefarm::device_agent
