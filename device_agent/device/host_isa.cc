#include "device_agent/device/host_isa.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) || defined(__arm__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tunefarm::device_agent {

#if defined(__aarch64__) || defined(__arm__)
namespace {

// A bit of the kernel's capabilities (getauxval) and LLVM's name for it.
struct Capability {
  unsigned long bit;
  const char* name;
};

}  // namespace
#endif

#if defined(__x86_64__)

std::string HostTriple() { return "x86_64-unknown-linux-gnu"; }

std::vector<std::string> HostFeatures() {
  std::vector<std::string> features;
  // The builtin takes literals only. It asks XGETBV as well: a feature whose registers the
  // operating system does not save is not reported.
#define TUNEFARM_ADD_FEATURE(name) \
  if (__builtin_cpu_supports(name)) features.push_back(name)
  __builtin_cpu_init();
  TUNEFARM_ADD_FEATURE("avx");
  TUNEFARM_ADD_FEATURE("avx2");
  TUNEFARM_ADD_FEATURE("avx512bf16");
  TUNEFARM_ADD_FEATURE("avx512bitalg");
  TUNEFARM_ADD_FEATURE("avx512bw");
  TUNEFARM_ADD_FEATURE("avx512cd");
  TUNEFARM_ADD_FEATURE("avx512dq");
  TUNEFARM_ADD_FEATURE("avx512f");
  TUNEFARM_ADD_FEATURE("avx512fp16");
  TUNEFARM_ADD_FEATURE("avx512ifma");
  TUNEFARM_ADD_FEATURE("avx512vbmi");
  TUNEFARM_ADD_FEATURE("avx512vbmi2");
  TUNEFARM_ADD_FEATURE("avx512vl");
  TUNEFARM_ADD_FEATURE("avx512vnni");
  TUNEFARM_ADD_FEATURE("avx512vpopcntdq");
  TUNEFARM_ADD_FEATURE("avxvnni");
  TUNEFARM_ADD_FEATURE("bmi");
  TUNEFARM_ADD_FEATURE("bmi2");
  TUNEFARM_ADD_FEATURE("f16c");
  TUNEFARM_ADD_FEATURE("fma");
  TUNEFARM_ADD_FEATURE("gfni");
  TUNEFARM_ADD_FEATURE("lzcnt");
  TUNEFARM_ADD_FEATURE("popcnt");
  TUNEFARM_ADD_FEATURE("sse4.1");
  TUNEFARM_ADD_FEATURE("sse4.2");
  TUNEFARM_ADD_FEATURE("ssse3");
#undef TUNEFARM_ADD_FEATURE
  return features;
}

bool RunsOnEmulatedX86() {
  unsigned eax, ebx, ecx, edx;
  __cpuid(1, eax, ebx, ecx, edx);
  if ((ecx & (1u << 31)) == 0) return false;  // No hypervisor, hence no leaf 0x40000000.
  char vendor[12];
  __cpuid(0x40000000, eax, ebx, ecx, edx);
  std::memcpy(vendor, &ebx, 4);
  std::memcpy(vendor + 4, &ecx, 4);
  std::memcpy(vendor + 8, &edx, 4);
  return std::memcmp(vendor, "TCGTCGTCGTCG", sizeof(vendor)) == 0;
}

#elif defined(__aarch64__)

std::string HostTriple() { return "aarch64-unknown-linux-gnu"; }

std::vector<std::string> HostFeatures() {
  // In the order of names.
  constexpr Capability kCapabilities[] = {
      {HWCAP_AES, "aes"},     {HWCAP_CRC32, "crc"},        {HWCAP_ASIMDDP, "dotprod"},
      {HWCAP_FP, "fp-armv8"}, {HWCAP_ASIMDHP, "fullfp16"}, {HWCAP_ATOMICS, "lse"},
      {HWCAP_ASIMD, "neon"},  {HWCAP_ASIMDRDM, "rdm"},     {HWCAP_SHA2, "sha2"},
      {HWCAP_SVE, "sve"},
  };
  const unsigned long capabilities = getauxval(AT_HWCAP);
  std::vector<std::string> features;
  for (const Capability& capability : kCapabilities) {
    if ((capabilities & capability.bit) != 0) features.push_back(capability.name);
  }
#if defined(HWCAP2_I8MM)
  if ((getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0) features.push_back("i8mm");
  if ((getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0) features.push_back("bf16");
  if ((getauxval(AT_HWCAP2) & HWCAP2_SVE2) != 0) features.push_back("sve2");
  std::sort(features.begin(), features.end());
#endif
  return features;
}

bool RunsOnEmulatedX86() { return false; }

#elif defined(__arm__)

// The hard-float ABI of ARMv7: what Debian calls armhf and Raspberry Pi OS runs on 32-bit systems.
std::string HostTriple() { return "armv7-unknown-linux-gnueabihf"; }

std::vector<std::string> HostFeatures() {
  // In the order of names. "d32": the upper sixteen double registers, which NEON needs as well.
  constexpr Capability kCapabilities[] = {
      {HWCAP_VFPD32, "d32"}, {HWCAP_IDIVT, "hwdiv"}, {HWCAP_IDIVA, "hwdiv-arm"},
      {HWCAP_NEON, "neon"},  {HWCAP_VFPv3, "vfp3"},  {HWCAP_VFPv4, "vfp4"},
  };
  const unsigned long capabilities = getauxval(AT_HWCAP);
  std::vector<std::string> features;
  for (const Capability& capability : kCapabilities) {
    if ((capabilities & capability.bit) != 0) features.push_back(capability.name);
  }
  return features;
}

bool RunsOnEmulatedX86() { return false; }

#elif defined(__riscv) && __riscv_xlen == 64

std::string HostTriple() { return "riscv64-unknown-linux-gnu"; }
std::vector<std::string> HostFeatures() { return {}; }
bool RunsOnEmulatedX86() { return false; }

#endif

}  // namespace tunefarm::device_agent
