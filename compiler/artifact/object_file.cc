#include "compiler/artifact/object_file.h"

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

}  // namespace

absl::StatusOr<ObjectFacts> InspectObject(const std::string& object) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(object), "kernel.o");
  TUNEFARM_ASSIGN_OR_RETURN(
      const std::unique_ptr<llvm::object::ObjectFile> file,
      FromLlvm(llvm::object::ObjectFile::createELFObjectFile(buffer), "object of a kernel"));
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
