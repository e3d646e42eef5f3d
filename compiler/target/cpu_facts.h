// What is known of processors by name: throughput, latency and caches, and the vector facts that
// follow from ISA features. Stands below target.h, which is built from it; relies on nothing. The
// numbers are the vendors' optimisation manuals' and uops.info's; a processor that is not listed
// gets those of its instruction set's usual class.
#ifndef TUNEFARM_COMPILER_TARGET_CPU_FACTS_H_
#define TUNEFARM_COMPILER_TARGET_CPU_FACTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "compiler/target/target.h"

namespace tunefarm::compiler {

// An ISA feature of x86 that LLVM's code generator would use by itself where it may.
struct X86Feature {
  const char* llvm;     // LLVM's spelling: avx512vnni.
  const char* cpuinfo;  // The flag in Linux's /proc/cpuinfo: avx512_vnni.
};
// Sorted by LLVM's spelling. A Target names those that it has; codegen switches the others off.
const std::vector<X86Feature>& X86Features();

// The features of the x86-64-v3 and -v4 levels of the psABI, sorted, as far as X86Features lists
// them.
std::vector<std::string> X86LevelFeatures(int level);

// The first part of an LLVM triple: "x86_64" of x86_64-unknown-linux-gnu.
std::string_view TripleArch(std::string_view triple);

// Sets vector_bits, num_vector_registers, fma_per_cycle, load_per_cycle, fma_latency_cycles, the
// caches and in_order from `triple`, `cpu` and `features`; leaves the other fields.
void FillFacts(Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_TARGET_CPU_FACTS_H_
