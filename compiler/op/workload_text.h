// What reading and writing of workload keys share.
#ifndef TUNEFARM_COMPILER_OP_WORKLOAD_TEXT_H_
#define TUNEFARM_COMPILER_OP_WORKLOAD_TEXT_H_

#include <string>

#include "compiler/op/workload.h"

namespace tunefarm::compiler {

// The letters of an operator's parameters part in canonical order; empty if it has no such part.
std::string ParameterLetters(OpKind op);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_OP_WORKLOAD_TEXT_H_
