// Element types of the loop-nest IR, and vectors of them.
#ifndef TUNEFARM_COMPILER_IR_TYPE_H_
#define TUNEFARM_COMPILER_IR_TYPE_H_

#include <cstdint>
#include <string>

namespace tunefarm::compiler {

// kIndex is the type of loop variables and subscripts: 64-bit signed. kBool is the type of
// conditions.
enum class DType { kF32, kS8, kS16, kS32, kIndex, kBool };

// Bytes of one element in memory. Requires a type that can be stored (not kBool).
int64_t SizeBytes(DType dtype);

// "f32", "s8", "s16", "s32", "index", "bool".
const char* Name(DType dtype);

// A scalar (lanes == 1) or a vector.
struct Type {
  DType dtype = DType::kIndex;
  int lanes = 1;  // At least 1; any count, powers of two or not.

  bool operator==(const Type&) const = default;
  bool is_float() const { return dtype == DType::kF32; }
  Type WithLanes(int new_lanes) const { return {dtype, new_lanes}; }
};

// "f32" or "f32x8".
std::string ToString(Type type);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_TYPE_H_
