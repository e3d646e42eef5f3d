// Where each scratch allocation of a function stands in a worker's scratch memory. Allocations are
// stacked: an inner one lies behind those around it, and two that are never alive together share
// their place.
#ifndef TUNEFARM_COMPILER_CODEGEN_SCRATCH_LAYOUT_H_
#define TUNEFARM_COMPILER_CODEGEN_SCRATCH_LAYOUT_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "compiler/ir/nodes.h"
#include "compiler/lower/lowered_kernel.h"

namespace tunefarm::compiler {

// Bytes of one scratch buffer, rounded up to TUNEFARM_BUFFER_ALIGNMENT_BYTES: what its Allocate
// adds to the stack.
int64_t ScratchSlotBytes(const BufferNode& buffer);

// Scratch memory that one worker needs for `function`, in bytes; a multiple of the alignment.
int64_t ScratchBytes(const Function& function);
// The larger of run's and prepare's: LoweredKernel::scratch_bytes_per_worker.
int64_t ScratchBytes(const LoweredKernel& kernel);

// The bytes [begin, end) of the scratch memory that each scratch buffer occupies. A buffer that is
// allocated at several places (copies made by unrolling) has one range for each.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
};
using ScratchRanges = std::unordered_map<const BufferNode*, std::vector<ByteRange>>;
ScratchRanges ScratchLayout(const Function& function);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_SCRATCH_LAYOUT_H_
