// A compiled kernel: ELF + symbols + signature + ABI version + target + content hash. The same
// input gives the same bytes.
#ifndef TUNEFARM_COMPILER_ARTIFACT_ARTIFACT_H_
#define TUNEFARM_COMPILER_ARTIFACT_ARTIFACT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/artifact/object_file.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// A buffer of the call, without IR.
struct ArtifactBuffer {
  std::string name;
  BufferRole role = BufferRole::kInput;
  DType dtype = DType::kF32;
  int64_t num_elems = 0;
  std::vector<int64_t> extents;
  tunefarm_fill fill = {0, 0, 0};
};

struct Artifact {
  std::string object;  // Relocatable ELF (.o), what `deploy` ships.
  // Linked, position-independent ELF without imports, what agents load: a shared object, or for a
  // board without an operating system an image (LinkImage) that is placed by copying. Empty for
  // bare objects.
  std::string shared;
  std::string digest;  // SHA-256 of `shared`.
  // SHA-256 of the code section and of the memory it is for: equal code, equal time.
  std::string text_hash;
  int64_t text_bytes = 0;
  double cycles_per_instruction =
      0;  // Of run on a board, estimated (cycle_estimate.h); 0: unknown.
  std::vector<SectionBytes> sections;  // Of `shared`, those that take memory on the device.
  std::string run_symbol;
  std::string prepare_symbol;           // Empty: nothing to prepare.
  std::vector<ArtifactBuffer> buffers;  // In the order of the call.
  int64_t scratch_bytes_per_worker = 0;
  // Memory of the board that the run entry is for: it lies in section .text.<code_memory>. Empty:
  // in any, in section .text.
  std::string code_memory;
  uint32_t abi_version = 0;
  std::string triple;
  std::string toolchain;  // "tunefarm 0.1.0, LLVM 19.1.7": what must be equal for equal bytes.
};

// Compiles and links. `symbol` is the run entry's name (a C identifier); prepare's gets the suffix
// "_prepare". Thread-safe; LLD's link step is serialised inside. Errors: kInvalidArgument (target
// LLVM does not know), kInternal with LLVM's or LLD's own words. LLVM may abort the process on code
// it cannot select: run it in a worker process where that matters.
absl::StatusOr<Artifact> BuildArtifact(const LoweredKernel& kernel, const Target& target,
                                       const std::string& symbol);

// The toolchain text of this build.
std::string Toolchain();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_ARTIFACT_H_
