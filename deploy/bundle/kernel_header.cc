#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "deploy/bundle/bundle_files.h"
#include "deploy/bundle/c_text.h"
#include "proto/buffer_placement.h"
#include "proto/code_memory.h"

namespace tunefarm::deploy {
namespace {

using compiler::Artifact;
using compiler::ArtifactBuffer;
using compiler::BufferRole;
using compiler::Layout;
using compiler::Operator;
using compiler::OpKind;
using compiler::Workload;

std::string ImageDimensions(const Workload& workload) {
  switch (workload.layout) {
    case Layout::kNone:
      return "rows columns";
    case Layout::kNhwc:
      return "n h w c";
    case Layout::kNchw:
      return "n c h w";
    case Layout::kNchwc:
      return "n c/block h w c%block";
  }
  __builtin_unreachable();
}

std::string WeightDimensions(const Workload& workload) {
  const bool hwio = workload.layout == Layout::kNhwc;
  if (workload.op == OpKind::kDepthwiseConv2d)
    return hwio ? "kh kw c multiplier" : "c multiplier kh kw";
  return hwio ? "kh kw ic oc" : "oc ic kh kw";
}

// Blank-padded columns: position, name, role, type, elements, shape.
std::string BufferRow(const Operator& op, const ArtifactBuffer& buffer, size_t position) {
  const std::string dimensions = DimensionNames(op, buffer);
  const std::string shape = buffer.extents.empty() ? absl::StrFormat("%d", buffer.num_elems)
                                                   : absl::StrJoin(buffer.extents, " x ");
  std::string row = absl::StrFormat(" *   %d  %-12s %-9s %-8s %s", position, buffer.name,
                                    RoleName(buffer.role), CType(buffer.dtype), shape);
  if (!dimensions.empty()) row += absl::StrFormat("   [%s]", dimensions);
  return row + "\n";
}

std::string MeasuredLine(const Provenance& p) {
  if (p.trial_id == 0) return " * Not measured: the schedule is the template's analytic default.\n";
  const bool is_time = p.cost_unit == "ns";
  const std::string unit = is_time ? "ms" : InComment(p.cost_unit);
  const double scale = is_time ? 1e6 : 1;
  return absl::StrFormat(
      " * Measured%s: median %.*g %s (mad %.2g %s, %d samples)%s, trial %d on %s.\n",
      p.emulated ? " in an emulator" : "", is_time ? 4 : 9, p.cost_median / scale, unit,
      p.cost_mad / scale, unit, p.samples,
      p.gflops > 0 ? absl::StrFormat(", %.1f GFLOP/s", p.gflops) : "", p.trial_id,
      InComment(p.device));
}

std::string PlacementLines(const Artifact& artifact) {
  if (artifact.code_memory.empty()) return "";
  return absl::StrFormat(
      " * Made to run from the board's memory '%s': %s is alone in section %s%s, which your\n"
      " * linker script puts there, ahead of its *(.text*).\n",
      artifact.code_memory, artifact.run_symbol, TUNEFARM_CODE_SECTION_PREFIX,
      artifact.code_memory);
}

std::string Head(const Operator& op, const Artifact& artifact, const Provenance& provenance) {
  std::string text = absl::StrFormat("/* %s\n * for %s.\n * Made by %s; do not edit.\n",
                                     InComment(Print(op.workload)), InComment(provenance.target),
                                     InComment(artifact.toolchain));
  text += absl::StrFormat(" * Config: %s\n", InComment(provenance.config)) +
          MeasuredLine(provenance) + PlacementLines(artifact);
  text += " *\n * Buffers, in the order of the call, row-major, each aligned to 64 bytes:\n";
  for (size_t i = 0; i < artifact.buffers.size(); ++i)
    text += BufferRow(op, artifact.buffers[i], i);
  if (absl::StrContains(artifact.triple, "linux")) {
    text += absl::StrFormat(
        " * Where the output begins at the same place in a block of %d bytes as the input, it can "
        "be\n"
        " * slower (example.c avoids it).\n",
        TUNEFARM_OUTPUT_PERIOD_BYTES);
  }
  if (artifact.prepare_symbol.empty()) {
    return text + absl::StrFormat(" *\n * %s computes output from input and constant.\n */\n",
                                  artifact.run_symbol);
  }
  return text + absl::StrFormat(
                    " *\n * Call %s once: it writes packed from constant.\n"
                    " * Then call %s as often as you like: it writes output from input, constant "
                    "and packed.\n */\n",
                    artifact.prepare_symbol, artifact.run_symbol);
}

std::string Sizes(const Artifact& artifact) {
  const std::string& symbol = artifact.run_symbol;
  std::string text = "/* Positions in the list of buffers, and their sizes. */\n";
  text +=
      absl::StrFormat("#define %s %d\n", MacroName(symbol, "NUM_BUFFERS"), artifact.buffers.size());
  for (size_t i = 0; i < artifact.buffers.size(); ++i) {
    const ArtifactBuffer& buffer = artifact.buffers[i];
    text += absl::StrFormat("#define %s %d\n", MacroName(symbol, buffer.name), i);
    text += absl::StrFormat("#define %s %d\n", MacroName(symbol, buffer.name, "elems"),
                            buffer.num_elems);
    text += absl::StrFormat("#define %s %d\n", MacroName(symbol, buffer.name, "bytes"),
                            buffer.num_elems * compiler::SizeBytes(buffer.dtype));
  }
  return text + absl::StrFormat("#define %s %d\n", MacroName(symbol, "SCRATCH_BYTES_PER_WORKER"),
                                artifact.scratch_bytes_per_worker);
}

std::string Prototype(const std::string& symbol) {
  const std::string blanks(symbol.size() + 9, ' ');
  return absl::StrFormat(
      "int32_t %s(void* const* buffers, void* scratch,\n%sconst tunefarm_parallel* parallel);\n",
      symbol, blanks);
}

}  // namespace

std::string DimensionNames(const Operator& op, const ArtifactBuffer& buffer) {
  const Workload& w = op.workload;
  if (buffer.role == BufferRole::kPacked) return "";
  const bool is_matrix = buffer.extents.size() == 2;
  if (buffer.name == "w") return is_matrix ? "ic oc" : WeightDimensions(w);
  if (w.op == OpKind::kMatmul)
    return buffer.name == "a" ? "m k" : buffer.name == "b" ? "k n" : "m n";
  if (buffer.extents.size() == 1) return buffer.num_elems == w.oc && w.oc > 3 ? "oc" : "";
  if (is_matrix && w.layout != Layout::kNone) return "n*h*w c";
  return ImageDimensions(w);
}

std::string KernelHeader(const Operator& op, const Artifact& artifact,
                         const Provenance& provenance) {
  const std::string guard = MacroName(artifact.run_symbol, "H_");
  std::string text = Head(op, artifact, provenance);
  text += absl::StrFormat("#ifndef %s\n#define %s\n\n", guard, guard);
  text += absl::StrFormat("%s\n%s\n", kKernelAbiHeader, Sizes(artifact));
  text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  text += absl::StrFormat(
      "/* scratch: %s bytes per worker, 64-byte aligned; null where that is 0.\n"
      " * parallel: your threads, or null to run on the calling thread. Returns 0. */\n",
      MacroName(artifact.run_symbol, "SCRATCH_BYTES_PER_WORKER"));
  if (!artifact.prepare_symbol.empty()) text += Prototype(artifact.prepare_symbol);
  text += Prototype(artifact.run_symbol);
  return text + absl::StrFormat("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* %s */\n", guard);
}

}  // namespace tunefarm::deploy
