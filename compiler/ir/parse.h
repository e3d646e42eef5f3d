// Reads the text form of a function (print.h) back.
#ifndef TUNEFARM_COMPILER_IR_PARSE_H_
#define TUNEFARM_COMPILER_IR_PARSE_H_

#include <string>

#include "absl/status/statusor.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Nodes are built as written, nothing is folded; the result has passed Verify. Line breaks count as
// spaces. Errors: kInvalidArgument with line and column, what was expected and what was met; or
// those of Verify. Nesting is limited to some hundred levels, the lanes of a vector to 4096.
absl::StatusOr<Function> ParseFunction(const std::string& text);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_PARSE_H_
