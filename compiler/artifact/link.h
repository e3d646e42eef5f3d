// In-process LLD: a kernel's object becomes a shared ELF that an agent can load.
#ifndef TUNEFARM_COMPILER_ARTIFACT_LINK_H_
#define TUNEFARM_COMPILER_ARTIFACT_LINK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

// Links one relocatable ELF object into a shared one: position-independent, stripped, importing
// nothing, without build id, so that the bytes depend on the object alone. LLD reads and writes
// files: they live for the call in a private folder under /dev/shm, or TMPDIR where that is
// missing. Thread-safe; LLD has global state, so links take turns. Errors: kInternal with LLD's
// words (an undefined symbol, for one), kUnavailable (no room for the files).
absl::StatusOr<std::string> LinkShared(const std::string& object);

// Links one relocatable object for a board into an image: an ELF file whose only segment, at
// address 0, holds code and constants and may be copied to any multiple of kImageAlignment. The
// symbol table names the entries; the code's section is .text, or .text.<code_memory> where the
// code is for one memory of the board. Errors: as above, and kInternal for code that is not
// position-independent or needs writable data.
absl::StatusOr<std::string> LinkImage(const std::string& object, const std::string& code_memory);
inline constexpr int64_t kImageAlignment = 16;

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_LINK_H_
