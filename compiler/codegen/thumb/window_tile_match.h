// Finds the line of window_tile.h in a tile loop of the IR: what lower/expand/window_rows.cc builds
// for a window three wide with stride 1. Everything else is compiled as plain loops.
#ifndef TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_MATCH_H_
#define TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_MATCH_H_

#include <optional>

#include "compiler/codegen/thumb/match_terms.h"
#include "compiler/codegen/thumb/window_tile.h"

namespace tunefarm::compiler {

struct WindowTileMatch {
  WindowTileShape shape;
  StreamStart x, w, params, out;
};

// `pairs` is the loop over pairs of outputs; an odd line guards its last store.
std::optional<WindowTileMatch> MatchWindowTile(const For& pairs);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_CODEGEN_THUMB_WINDOW_TILE_MATCH_H_
