// Short hands for building loops of IR by hand: used by the expansions in this folder.
#ifndef TUNEFARM_COMPILER_LOWER_EXPAND_LOOPS_H_
#define TUNEFARM_COMPILER_LOWER_EXPAND_LOOPS_H_

#include <functional>
#include <string>

#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

using LoopBody = std::function<Stmt(const Expr&)>;

// for name in 0..extent: body(name).
Stmt Loop(const std::string& name, int64_t extent, const LoopBody& body,
          LoopKind kind = LoopKind::kSerial);

// The same, `unroll` iterations at a time and the rest behind it.
Stmt UnrolledLoop(const std::string& name, int64_t extent, int64_t unroll, const LoopBody& body);

inline Expr S32(int64_t value) { return MakeInt(value, {DType::kS32, 1}); }
// `lanes` elements from a flat index.
inline Expr LoadVector(const Buffer& buffer, Expr index, int lanes) {
  return MakeLoad(buffer, {MakeRamp(std::move(index), 1, lanes)});
}
inline Stmt StoreVector(const Buffer& buffer, Expr index, int lanes, Expr value) {
  return MakeStore(buffer, {MakeRamp(std::move(index), 1, lanes)}, std::move(value));
}
// buffer[index] = value, with a flat index.
inline Stmt StoreAt(const Buffer& buffer, Expr index, Expr value) {
  return MakeStore(buffer, {std::move(index)}, std::move(value));
}
inline Expr LoadAt(const Buffer& buffer, Expr index) {
  return MakeLoad(buffer, {std::move(index)});
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_LOWER_EXPAND_LOOPS_H_
