// What code is generated for: the machine as templates, constraints, features and LLVM see it.
#ifndef TUNEFARM_COMPILER_TARGET_TARGET_H_
#define TUNEFARM_COMPILER_TARGET_TARGET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::compiler {

struct Target {
  std::string name;    // As the user wrote it: "native", "x86-avx2", ... Canonical text: Print.
  std::string triple;  // LLVM: x86_64-unknown-linux-gnu.
  std::string cpu;     // LLVM: znver4.
  std::vector<std::string>
      features;  // Sorted ISA features in LLVM's spelling without sign: avx2, fma, avx512f.

  int64_t num_cores = 1;
  int64_t vector_bits = 128;  // Widest SIMD register that is worth using.
  int64_t num_vector_registers = 16;
  double fma_per_cycle = 2;   // Vector FMA instructions of vector_bits issued per cycle and core.
  double load_per_cycle = 2;  // Vector loads of vector_bits per cycle.
  int64_t fma_latency_cycles = 4;
  int64_t l1_bytes = 32 * 1024;  // Data caches of one core; l3 shared.
  int64_t l2_bytes = 256 * 1024;
  int64_t l3_bytes = 8 * 1024 * 1024;
  double clock_hz = 3e9;  // Nominal; features use ratios, reports measure the peak.
  bool in_order = false;
  // A board without an operating system: its memories that code may run from, by the names of the
  // board's memory map, best first. With any, templates offer where a kernel's code lies as a knob.
  std::vector<std::string> code_memories;

  bool HasFeature(const std::string& feature) const;
  // The width of pointers and subscripts: 32 or 64.
  int64_t PointerBits() const;
  // A machine without an operating system: its kernels are images that run wherever they are
  // copied.
  bool IsBareMetal() const;
  // A Cortex-M with the DSP extension: pairs of s16 multiply and add in general registers (SMLAD).
  bool HasPairMultiply() const;
  int64_t VectorLanes(int64_t elem_bytes) const { return vector_bits / (8 * elem_bytes); }
  // s8 dot products of four terms per lane (sdot) on AArch64.
  bool HasDotProduct() const;
  // AArch64, or 32-bit Arm with NEON: multiplies whole vectors by one element of another.
  bool HasLaneMultiply() const;
  // f32 FLOP (2 per multiply-add) one core can do in a cycle.
  double PeakFlopsPerCycle() const {
    return 2.0 * fma_per_cycle * static_cast<double>(VectorLanes(4));
  }
};

// "native" (this machine), a known name (KnownTargets), or "triple=...,cpu=...,features=a+b" for
// any other machine; for a board without an operating system ",code=a+b" behind either names the
// memories for its code: "cortex-m7,code=itcm+sram1". Errors: kInvalidArgument that lists the known
// names.
absl::StatusOr<Target> ParseTarget(const std::string& text);

// Canonical text that identifies the code generated, never the machine's name for itself:
// "triple=x86_64-unknown-linux-gnu,cpu=znver4,features=avx+avx2+...", with ",code=..." where there
// are code memories. ParseTarget takes it back.
// "native" on two equal machines prints alike, so their results are shared.
std::string Print(const Target& target);

// The known names, "native" first, with a sentence each: what `tuner targets` lists.
struct KnownTarget {
  std::string name;
  std::string summary;
};
std::vector<KnownTarget> KnownTargets();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_TARGET_TARGET_H_
