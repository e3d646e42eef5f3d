// In-process LLD: a kernel's object becomes a shared ELF that an agent can load.
#ifndef TUNEFARM_COMPILER_ARTIFACT_LINK_H_
#define TUNEFARM_COMPILER_ARTIFACT_LINK_H_

#include <string>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

// Links one relocatable ELF object into a shared one: position-independent, stripped, importing
// nothing, without build id, so that the bytes depend on the object alone. LLD reads and writes
// files: they live for the call in a private folder under /dev/shm, or TMPDIR where that is
// missing. Thread-safe; LLD has global state, so links take turns. Errors: kInternal with LLD's
// words (an undefined symbol, for one), kUnavailable (no room for the files).
absl::StatusOr<std::string> LinkShared(const std::string& object);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_LINK_H_
