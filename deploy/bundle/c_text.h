// Words of C that the files of a bundle share. Private to deploy/bundle.
#ifndef TUNEFARM_DEPLOY_BUNDLE_C_TEXT_H_
#define TUNEFARM_DEPLOY_BUNDLE_C_TEXT_H_

#include <string>

#include "compiler/artifact/artifact.h"

namespace tunefarm::deploy {

// "float", "int8_t", "int32_t": the C type of an element.
const char* CType(compiler::DType dtype);

// "input", "constant", "packed", "output".
const char* RoleName(compiler::BufferRole role);

// The name of a macro that belongs to a kernel: MacroName("conv_a", "in", "ELEMS") is
// "CONV_A_IN_ELEMS".
std::string MacroName(const std::string& symbol, const std::string& buffer,
                      const std::string& what = "");

// Text that cannot end a C comment it stands in.
std::string InComment(const std::string& text);

// The text of proto/kernel_abi.h and proto/tensor_fill.h, as they were when this library was built
// (embedded_headers.cc, made from embedded_headers.cc.in).
extern const char kKernelAbiHeader[];
extern const char kTensorFillHeader[];

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_C_TEXT_H_
