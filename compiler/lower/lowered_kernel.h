// The result of lowering: one or two functions over the kernel's buffers. What codegen compiles and
// the interpreter runs.
#ifndef TUNEFARM_COMPILER_LOWER_LOWERED_KERNEL_H_
#define TUNEFARM_COMPILER_LOWER_LOWERED_KERNEL_H_

#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/nodes.h"
#include "proto/tensor_fill.h"

namespace tunefarm::compiler {

enum class BufferRole { kInput, kConstant, kPacked, kOutput };

// A place in the call: see proto/kernel_abi.h.
struct KernelBuffer {
  Buffer buffer;
  BufferRole role = BufferRole::kInput;
  tunefarm_fill fill = {0, 0, 0};  // Inputs and constants.
};

// How codegen loads the operands of the innermost loops: the schedule's step `stream`.
struct Streaming {
  int64_t lanes = 1;  // Elements loaded at a time that multiply whole vectors one by one.
  int64_t ahead = 0;  // Multiply-adds between a load and the first that needs it.
  int64_t group = 0;  // Multiply-adds whose loads stand together in front of them.
};

struct LoweredKernel {
  std::vector<KernelBuffer>
      buffers;  // Inputs, constants, packed, outputs. Both functions' params, in this order.
  Function run;
  std::optional<Function> prepare;
  Streaming streaming;      // Of `run`.
  std::string code_memory;  // Where `run` lies on a board: the schedule's step `place_code`.
  // Scratch memory one worker needs: every scratch Allocate has an offset in it, assigned by
  // codegen in order of appearance, 64-byte aligned. Computed by ScratchBytes(run).
  int64_t scratch_bytes_per_worker = 0;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_LOWERED_KERNEL_H_
