#include "compiler/artifact/object_file.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/Archive.h>
#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/Error.h>
#include <llvm/Support/MemoryBuffer.h>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

absl::Status FromLlvm(llvm::Error error, const char* what) {
  return absl::InternalError(absl::StrFormat("%s: %s", what, llvm::toString(std::move(error))));
}

// The value of a llvm::Expected, or its error as a status.
template <typename T>
absl::StatusOr<T> FromLlvm(llvm::Expected<T> expected, const char* what) {
  if (expected) return std::move(*expected);
  return FromLlvm(expected.takeError(), what);
}

// The addend of a relocation; 0 on machines whose objects keep addends in the section itself, where
// they are hashed.
int64_t AddendOf(const llvm::object::ELFRelocationRef& relocation) {
  llvm::Expected<int64_t> addend = relocation.getAddend();
  if (addend) return *addend;
  llvm::consumeError(addend.takeError());
  return 0;
}

// Where the relocations of a section point, by place and not by name.
absl::Status AppendRelocations(const llvm::object::SectionRef& section, std::string& code) {
  for (const llvm::object::ELFRelocationRef relocation : section.relocations()) {
    uint64_t value = 0;
    const llvm::object::symbol_iterator symbol = relocation.getSymbol();
    if (symbol != section.getObject()->symbol_end()) {
      TUNEFARM_ASSIGN_OR_RETURN(value, FromLlvm(symbol->getValue(), "symbol of a kernel"));
    }
    absl::StrAppendFormat(&code, "@%d:%d:%d+%d", relocation.getOffset(), relocation.getType(),
                          value, AddendOf(relocation));
  }
  return absl::OkStatus();
}

absl::Status AddSection(const llvm::object::SectionRef& section, ObjectFacts& facts,
                        std::string& code) {
  if (section.isText() || section.isData()) {
    TUNEFARM_ASSIGN_OR_RETURN(const llvm::StringRef contents,
                              FromLlvm(section.getContents(), "section of a kernel"));
    if (section.isText()) facts.text_bytes += static_cast<int64_t>(contents.size());
    absl::StrAppendFormat(&code, "|%d:%s", contents.size(), contents.str());
  }
  return AppendRelocations(section, code);
}

absl::StatusOr<std::unique_ptr<llvm::object::ObjectFile>> OpenElf(const std::string& object) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(object), "kernel.o");
  return FromLlvm(llvm::object::ObjectFile::createELFObjectFile(buffer), "object of a kernel");
}

bool IsLoaded(const llvm::object::SectionRef& section) {
  return (llvm::object::ELFSectionRef(section).getFlags() & llvm::ELF::SHF_ALLOC) != 0;
}

// Relocations whose value is a distance; the others hold an address ("ELF for the Arm
// Architecture", 5.6.1).
bool IsRelative(uint64_t type) {
  switch (type) {
    case llvm::ELF::R_ARM_NONE:
    case llvm::ELF::R_ARM_REL32:
    case llvm::ELF::R_ARM_PREL31:
    case llvm::ELF::R_ARM_THM_CALL:
    case llvm::ELF::R_ARM_THM_JUMP24:
    case llvm::ELF::R_ARM_THM_JUMP19:
    case llvm::ELF::R_ARM_THM_MOVW_PREL_NC:
    case llvm::ELF::R_ARM_THM_MOVT_PREL:
    case llvm::ELF::R_ARM_THM_ALU_PREL_11_0:
    case llvm::ELF::R_ARM_THM_PC12:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<std::vector<SectionBytes>> LoadedSections(const std::string& file) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto elf, OpenElf(file));
  std::vector<SectionBytes> sections;
  for (const llvm::object::SectionRef& section : elf->sections()) {
    if (!IsLoaded(section) || section.getSize() == 0) continue;
    TUNEFARM_ASSIGN_OR_RETURN(const llvm::StringRef name,
                              FromLlvm(section.getName(), "section of a kernel"));
    sections.push_back({name.str(), static_cast<int64_t>(section.getSize())});
  }
  return sections;
}

absl::Status CheckPositionIndependent(const std::string& object) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto elf, OpenElf(object));
  for (const llvm::object::SectionRef& section : elf->sections()) {
    TUNEFARM_ASSIGN_OR_RETURN(const llvm::object::section_iterator target,
                              FromLlvm(section.getRelocatedSection(), "section of a kernel"));
    if (target == elf->section_end() || !IsLoaded(*target)) continue;
    for (const llvm::object::RelocationRef& relocation : section.relocations()) {
      if (IsRelative(relocation.getType())) continue;
      llvm::SmallString<32> name;
      relocation.getTypeName(name);
      return absl::InternalError(absl::StrFormat(
          "code for a board holds an address (%s at offset %d), so it cannot be copied anywhere",
          name.str().str(), relocation.getOffset()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ObjectFacts> InspectObject(const std::string& object) {
  TUNEFARM_ASSIGN_OR_RETURN(const auto file, OpenElf(object));
  ObjectFacts facts;
  std::string code;
  for (const llvm::object::SectionRef& section : file->sections()) {
    TUNEFARM_RETURN_IF_ERROR(AddSection(section, facts, code));
  }
  facts.code_hash = base::Sha256Hex(code);
  for (const llvm::object::SymbolRef& symbol : file->symbols()) {
    TUNEFARM_ASSIGN_OR_RETURN(const uint32_t flags,
                              FromLlvm(symbol.getFlags(), "symbol of a kernel"));
    TUNEFARM_ASSIGN_OR_RETURN(const llvm::StringRef name,
                              FromLlvm(symbol.getName(), "symbol of a kernel"));
    if ((flags & llvm::object::SymbolRef::SF_Undefined) != 0 && !name.empty()) {
      facts.undefined.push_back(name.str());
    }
  }
  return facts;
}

absl::StatusOr<std::string> MakeStaticLibrary(const std::string& object,
                                              const std::string& member_name) {
  const std::unique_ptr<llvm::MemoryBuffer> buffer =
      llvm::MemoryBuffer::getMemBuffer(object, member_name, /*RequiresNullTerminator=*/false);
  std::vector<llvm::NewArchiveMember> members;
  members.emplace_back(buffer->getMemBufferRef());
  TUNEFARM_ASSIGN_OR_RETURN(
      const std::unique_ptr<llvm::MemoryBuffer> archive,
      FromLlvm(llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                          llvm::object::Archive::K_GNU, /*Deterministic=*/true,
                                          /*Thin=*/false),
               "static library"));
  return archive->getBuffer().str();
}

}  // namespace tunefarm::compiler
