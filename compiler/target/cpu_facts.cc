#include "compiler/target/cpu_facts.h"

#include <array>

namespace tunefarm::compiler {
namespace {

// Throughput in bits, so that it holds for every register width that the features allow.
struct CpuFacts {
  std::string_view cpu;
  int fma_bits_per_cycle;
  int load_bits_per_cycle;
  int fma_latency_cycles;
  int l1_kib;
  int l2_kib;
  int l3_kib;
  bool in_order = false;
};

constexpr std::array kX86Cpus = {
    CpuFacts{"znver1", 256, 256, 5, 32, 512, 8192},
    CpuFacts{"znver2", 512, 512, 5, 32, 512, 16384},
    CpuFacts{"znver3", 512, 512, 4, 32, 512, 32768},
    CpuFacts{"znver4", 512, 512, 4, 32, 1024, 32768},
    CpuFacts{"znver5", 1024, 1024, 4, 48, 1024, 32768},
    CpuFacts{"haswell", 512, 512, 5, 32, 256, 8192},
    CpuFacts{"broadwell", 512, 512, 5, 32, 256, 8192},
    CpuFacts{"skylake", 512, 512, 4, 32, 256, 8192},
    CpuFacts{"skylake-avx512", 1024, 1024, 4, 32, 1024, 16384},
    CpuFacts{"cascadelake", 1024, 1024, 4, 32, 1024, 32768},
    CpuFacts{"cooperlake", 1024, 1024, 4, 32, 1024, 32768},
    // Client cores fuse ports 0 and 1 for their only 512-bit FMA.
    CpuFacts{"icelake-client", 512, 1024, 4, 48, 512, 8192},
    CpuFacts{"rocketlake", 512, 1024, 4, 48, 512, 16384},
    CpuFacts{"tigerlake", 512, 1024, 4, 48, 1280, 12288},
    CpuFacts{"icelake-server", 1024, 1024, 4, 48, 1280, 32768},
    CpuFacts{"sapphirerapids", 1024, 1024, 4, 48, 2048, 32768},
    CpuFacts{"emeraldrapids", 1024, 1024, 4, 48, 2048, 65536},
    CpuFacts{"graniterapids", 1024, 1024, 4, 48, 2048, 65536},
    CpuFacts{"alderlake", 512, 768, 4, 48, 1280, 24576},
    CpuFacts{"raptorlake", 512, 768, 4, 48, 2048, 24576},
};

constexpr CpuFacts kGenericX86 = {"", 512, 512, 4, 32, 256, 8192};
constexpr CpuFacts kGenericAvx512 = {"", 1024, 1024, 4, 32, 1024, 16384};
constexpr CpuFacts kGenericSse = {"", 128, 128, 4, 32, 256, 4096};
constexpr CpuFacts kGenericAArch64 = {"", 256, 256, 4, 32, 512, 2048};
constexpr CpuFacts kGenericOther = {"", 128, 128, 8, 32, 256, 1024};

constexpr std::array kAArch64Cpus = {
    CpuFacts{"cortex-a53", 128, 64, 8, 32, 512, 0, true},
    CpuFacts{"cortex-a72", 128, 128, 7, 32, 1024, 0},
};

// Armv7-M and Armv8-M: one 32-bit load port beside the multiplier; "Cortex-M4 Technical Reference
// Manual" (Arm DDI 0439), 3.3; the M7 issues a load beside a multiply-add. No caches but the M7's,
// whose boards run from tightly coupled memory.
constexpr std::array kCortexMCpus = {
    CpuFacts{"cortex-m4", 32, 32, 3, 64, 0, 0, true},
    CpuFacts{"cortex-m7", 32, 64, 3, 16, 0, 0, true},
    CpuFacts{"cortex-m33", 32, 32, 3, 64, 0, 0, true},
};
constexpr CpuFacts kGenericCortexM = {"", 32, 32, 3, 64, 0, 0, true};

template <size_t N>
const CpuFacts* Find(const std::array<CpuFacts, N>& table, std::string_view cpu) {
  for (const CpuFacts& facts : table) {
    if (facts.cpu == cpu) return &facts;
  }
  return nullptr;
}

const CpuFacts& FactsOf(const Target& target) {
  const std::string_view arch = TripleArch(target.triple);
  if (arch == "x86_64") {
    if (const CpuFacts* facts = Find(kX86Cpus, target.cpu)) return *facts;
    if (target.vector_bits == 512) return kGenericAvx512;
    return target.vector_bits == 256 ? kGenericX86 : kGenericSse;
  }
  if (arch == "aarch64") {
    const CpuFacts* facts = Find(kAArch64Cpus, target.cpu);
    return facts != nullptr ? *facts : kGenericAArch64;
  }
  if (arch.starts_with("thumb")) {
    const CpuFacts* facts = Find(kCortexMCpus, target.cpu);
    return facts != nullptr ? *facts : kGenericCortexM;
  }
  return kGenericOther;
}

void FillVectorWidth(Target& target) {
  const std::string_view arch = TripleArch(target.triple);
  target.vector_bits = 128;
  target.num_vector_registers = 16;
  if (arch == "aarch64") target.num_vector_registers = 32;
  if (arch.starts_with("thumb")) {
    // No vectors: s0-s31 hold one float each.
    target.vector_bits = 32;
    target.num_vector_registers = 32;
  }
  if (arch != "x86_64") return;
  const bool avx512 = target.HasFeature("avx512f") && target.HasFeature("avx512vl") &&
                      target.HasFeature("avx512bw") && target.HasFeature("avx512dq");
  if (avx512) {
    target.vector_bits = 512;
    target.num_vector_registers = 32;
  } else if (target.HasFeature("avx2") && target.HasFeature("fma")) {
    target.vector_bits = 256;
  }
}

}  // namespace

const std::vector<X86Feature>& X86Features() {
  static const auto* const features = new std::vector<X86Feature>{
      {"avx", "avx"},
      {"avx2", "avx2"},
      {"avx512bf16", "avx512_bf16"},
      {"avx512bitalg", "avx512_bitalg"},
      {"avx512bw", "avx512bw"},
      {"avx512cd", "avx512cd"},
      {"avx512dq", "avx512dq"},
      {"avx512f", "avx512f"},
      {"avx512fp16", "avx512_fp16"},
      {"avx512ifma", "avx512ifma"},
      {"avx512vbmi", "avx512vbmi"},
      {"avx512vbmi2", "avx512_vbmi2"},
      {"avx512vl", "avx512vl"},
      {"avx512vnni", "avx512_vnni"},
      {"avx512vpopcntdq", "avx512_vpopcntdq"},
      {"avxvnni", "avx_vnni"},
      {"bmi", "bmi1"},
      {"bmi2", "bmi2"},
      {"f16c", "f16c"},
      {"fma", "fma"},
      {"gfni", "gfni"},
      {"lzcnt", "abm"},
      {"popcnt", "popcnt"},
      {"sse4.2", "sse4_2"},
  };
  return *features;
}

std::vector<std::string> X86LevelFeatures(int level) {
  if (level >= 4) {
    return {"avx", "avx2", "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl",
            "bmi", "bmi2", "f16c",     "fma",      "lzcnt",    "popcnt",  "sse4.2"};
  }
  return {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "popcnt", "sse4.2"};
}

std::string_view TripleArch(std::string_view triple) { return triple.substr(0, triple.find('-')); }

void FillFacts(Target& target) {
  FillVectorWidth(target);
  const CpuFacts& facts = FactsOf(target);
  target.fma_per_cycle = static_cast<double>(facts.fma_bits_per_cycle) / target.vector_bits;
  target.load_per_cycle = static_cast<double>(facts.load_bits_per_cycle) / target.vector_bits;
  target.fma_latency_cycles = facts.fma_latency_cycles;
  target.l1_bytes = int64_t{facts.l1_kib} * 1024;
  target.l2_bytes = int64_t{facts.l2_kib} * 1024;
  target.l3_bytes = int64_t{facts.l3_kib} * 1024;
  target.in_order = facts.in_order;
}

}  // namespace tunefarm::compiler
