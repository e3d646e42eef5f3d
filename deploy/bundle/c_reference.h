// The operator in plain C, for the example of a bundle: loops over the workload's own numbers,
// independent of the compiler's stages, schedules and IR, so that example.c proves the kernel on
// the machine it is shipped to.
#ifndef TUNEFARM_DEPLOY_BUNDLE_C_REFERENCE_H_
#define TUNEFARM_DEPLOY_BUNDLE_C_REFERENCE_H_

#include <string>

#include "compiler/op/operator.h"

namespace tunefarm::deploy {

enum class CLibrary {
  kHosted,  // f32 sums are taken in double; needs <math.h>.
  kNone,    // In float: doubles would need library functions where the FPU has none.
};

// A C function `static void reference(const T* <input>..., T* out)` with the inputs of `op` in
// order (data, then constants) and whatever it calls. Needs <stdint.h>. s8 is TFLite's arithmetic
// to the bit.
std::string CReference(const compiler::Operator& op, CLibrary library);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_C_REFERENCE_H_
