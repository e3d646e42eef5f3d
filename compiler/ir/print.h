// The IR as text: for people, golden tests and hashes. parse.h reads a function back; printing what
// was parsed gives the same text.
//
//   fn run(in: f32[1,58,58,64], w: f32[3,3,64,64], out: f32[1,56,56,64]) {
//     parallel oh in 0..56 {
//       alloc acc: f32[14,64] register {
//         unrolled ow in 0..14 {
//           acc[ow, ramp(0, 1, 16)] = broadcast(0f, 16)
//         }
//         for kh in max(0, 1 - oh)..+3 {
//           if oh + kh < 57 { ... }
//         }
//       }
//     }
//   }
//
//  * Loops: `for`, `parallel`, `vectorized`, `unrolled`; `0..E` runs from 0 to E - 1, `M..+E`
//  starts at M and runs E times.
//  * Buffers: name: dtype[extents], and for an allocation its scope, `scratch` or `register`.
//  * Constants: 5 is an index, 5:s32 another integer, true and false are bool, 0.5f is a float
//  (also inff, -inff, nanf).
//  * Precedence as in C: || && (== < <=) (+ -) (* / %); `/` rounds down on integers. a / b and a %
//  b group to the left.
//  * min(a, b), max(a, b), select(c, a, b), f32x8(a) (a cast), ramp(base, stride, lanes),
//  broadcast(a, lanes),
//    requantize(x, multiplier, shift), dot_s8x2(acc, a, b), exp(a), sqrt(a),
//    requantize_short(x2, multiplier, addend, right), widen_even(a), widen_odd(a).
//  * A name that is taken where it is introduced gets the suffix .1, .2, ...: a name always means
//  the innermost thing.
#ifndef TUNEFARM_COMPILER_IR_PRINT_H_
#define TUNEFARM_COMPILER_IR_PRINT_H_

#include <string>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// Ends with a line break.
std::string Print(const Function& function);
std::string Print(const Stmt& stmt);
// On one line, without a line break. Free variables and buffers are named by first appearance.
std::string Print(const Expr& expr);

// Words of the text form, which no variable or buffer may have as its name (`in` may: its place
// tells).
bool IsReservedWord(const std::string& word);
// "serial" is written "for"; "parallel", "vectorized", "unrolled" are themselves.
const char* Name(LoopKind kind);
// "argument", "scratch", "register".
const char* Name(Scope scope);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_PRINT_H_
