// Tile loops: the part of StmtEmitter that puts hand-allocated assembly in place of a register
// tile.
#include <llvm/IR/InlineAsm.h>

#include "compiler/codegen/stmt_emitter.h"
#include "compiler/codegen/thumb/pair_tile_match.h"
#include "compiler/codegen/thumb/window_tile_match.h"

namespace tunefarm::compiler {
namespace {

// The block may use every register; its four arguments are lost as well.
constexpr char kConstraints[] =
    "={r0},={r1},={r2},={r3},0,1,2,3,~{r4},~{r5},~{r6},~{r7},~{r8},~{r9},~{r10},~{r11},~{r12},"
    "~{lr},~{memory},~{cc}";

void EmitThumbBlock(llvm::IRBuilder<>& builder, const std::string& assembly,
                    const std::vector<llvm::Value*>& arguments) {
  llvm::Type* pointer = builder.getPtrTy();
  auto* results = llvm::StructType::get(builder.getContext(), {pointer, pointer, pointer, pointer});
  auto* type = llvm::FunctionType::get(results, {pointer, pointer, pointer, pointer}, false);
  builder.CreateCall(llvm::InlineAsm::get(type, assembly, kConstraints, /*hasSideEffects=*/true),
                     arguments);
}

}  // namespace

template <typename Match>
void StmtEmitter::EmitTileBlock(const Match& tile, const std::string& assembly) {
  std::vector<llvm::Value*> arguments;
  for (const StreamStart* start : {&tile.x, &tile.w, &tile.params, &tile.out}) {
    arguments.push_back(exprs_.EmitAddress(start->buffer, start->index));
  }
  EmitThumbBlock(builder_, assembly, arguments);
}

bool StmtEmitter::EmitTile(const For& node) {
  if (!entry_.target.target.HasPairMultiply()) return false;
  if (const auto tile = MatchPairTile(node)) {
    EmitTileBlock(*tile, PairTileAssembly(tile->shape));
    return true;
  }
  if (const auto tile = MatchWindowTile(node)) {
    EmitTileBlock(*tile, WindowTileAssembly(tile->shape));
    return true;
  }
  return false;
}

}  // namespace tunefarm::compiler
