// Runs a function of the IR, at any level of lowering: the oracle that compiled code and every pass
// are held against. Loops of all kinds run one iteration after the other, in order. Every access is
// checked.
#ifndef TUNEFARM_COMPILER_IR_INTERPRET_H_
#define TUNEFARM_COMPILER_IR_INTERPRET_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Runs `function` on `buffers`: one per parameter, in order, little endian, of exactly the
// parameter's size. Null is allowed for a parameter that is never accessed. The function must have
// passed Verify (ir/verify.h). Some 30 million IR nodes a second. Errors: kInvalidArgument (number
// or size of buffers, null accessed; a function that is not well formed), kOutOfRange (an index
// outside its buffer; names buffer, dimension, index, extent, or a requantize shift out of range),
// kFailedPrecondition (an element of scratch or register memory is read before it is written;
// division by 0). After an error the contents of `buffers` are unspecified.
absl::Status Interpret(const Function& function, const std::vector<std::vector<uint8_t>*>& buffers);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_INTERPRET_H_
