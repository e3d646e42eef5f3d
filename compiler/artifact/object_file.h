// Reading and packing relocatable ELF objects, by LLVM's object library.
#ifndef TUNEFARM_COMPILER_ARTIFACT_OBJECT_FILE_H_
#define TUNEFARM_COMPILER_ARTIFACT_OBJECT_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

struct ObjectFacts {
  int64_t text_bytes = 0;  // Of all code sections.
  std::string
      code_hash;  // SHA-256 of code, its constants and relocations; symbol names do not count.
  std::vector<std::string> undefined;  // Symbols that the object imports.
};

// Errors: kInternal in LLVM's words if `object` is no ELF object.
absl::StatusOr<ObjectFacts> InspectObject(const std::string& object);

// Bytes of one section that is loaded.
struct SectionBytes {
  std::string name;
  int64_t bytes = 0;
};
// Of an object or a linked file, in its order, empty ones left out. Errors: kInternal in LLVM's
// words.
absl::StatusOr<std::vector<SectionBytes>> LoadedSections(const std::string& file);

// Whether code for Arm runs wherever it is copied: every relocation of a loaded section counts from
// its own place. Errors: kInternal that names the one that does not.
absl::Status CheckPositionIndependent(const std::string& object);

// A static library (ar) of one object, for the linker of a plain C project. Deterministic: no
// dates, no owners. Errors: kInternal in LLVM's words.
absl::StatusOr<std::string> MakeStaticLibrary(const std::string& object,
                                              const std::string& member_name);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_OBJECT_FILE_H_
