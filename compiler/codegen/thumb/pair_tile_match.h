// Finds the register tile of thumb/pair_tile.h in a tile loop of the IR: the loops that
// lower/pair/ builds, after flattening and simplification. What does not have exactly that form is
// compiled as the plain loops it also is.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_MATCH_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_MATCH_H_

#include <optional>

#include "compiler/codegen/thumb/match_terms.h"
#include "compiler/codegen/thumb/pair_tile.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

struct PairTileMatch {
  PairTileShape shape;
  // Where each stream begins: the index is free of the tile's own variables.
  StreamStart x, w, params, out;
};

std::optional<PairTileMatch> MatchPairTile(const For& tile);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_PAIR_TILE_MATCH_H_
