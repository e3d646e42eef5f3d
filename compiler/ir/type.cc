#include "compiler/ir/type.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {

int64_t SizeBytes(DType dtype) {
  switch (dtype) {
    case DType::kS8:
      return 1;
    case DType::kS16:
      return 2;
    case DType::kF32:
    case DType::kS32:
      return 4;
    case DType::kIndex:
      return 8;
    case DType::kBool:
      break;
  }
  TUNEFARM_CHECK(false, "SizeBytes of a type that cannot be stored");
}

const char* Name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "f32";
    case DType::kS8:
      return "s8";
    case DType::kS16:
      return "s16";
    case DType::kS32:
      return "s32";
    case DType::kIndex:
      return "index";
    case DType::kBool:
      return "bool";
  }
  TUNEFARM_CHECK(false, "Name of an unknown type");
}

std::string ToString(Type type) {
  if (type.lanes == 1) return Name(type.dtype);
  return absl::StrFormat("%sx%d", Name(type.dtype), type.lanes);
}

}  // namespace tunefarm::compiler
