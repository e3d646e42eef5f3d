// What differs between the processors an agent is built for: ELF machine and relocation numbers,
// the system-call architecture, the LLVM architecture name. A new processor is one more block here.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_

#include <elf.h>
#include <linux/audit.h>

#include <cstdint>

namespace tunefarm::device_agent {

struct Machine {
  const char* name;      // First part of the LLVM triple.
  uint16_t elf_machine;  // e_machine.
  uint32_t relative;     // Word = image base + addend.
  uint32_t absolute;     // Word = symbol + addend.
  uint32_t global_data;  // Word = symbol (+ addend), in the GOT.
  uint32_t jump_slot;    // Word = symbol (+ addend), in the PLT's GOT.
  uint32_t audit_arch;   // seccomp_data.arch.
};

#if defined(__x86_64__)
inline constexpr Machine kMachine = {"x86_64",         EM_X86_64,         R_X86_64_RELATIVE,
                                     R_X86_64_64,      R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT,
                                     AUDIT_ARCH_X86_64};
#elif defined(__aarch64__)
inline constexpr Machine kMachine = {"aarch64",         EM_AARCH64,         R_AARCH64_RELATIVE,
                                     R_AARCH64_ABS64,   R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT,
                                     AUDIT_ARCH_AARCH64};
#elif defined(__riscv) && __riscv_xlen == 64
// RISC-V has no relocation of its own for GOT entries: they are plain words.
inline constexpr Machine kMachine = {"riscv64",  EM_RISCV,          R_RISCV_RELATIVE,  R_RISCV_64,
                                     R_RISCV_64, R_RISCV_JUMP_SLOT, AUDIT_ARCH_RISCV64};
#else
#error "The agent knows 64-bit x86, ARM and RISC-V; add this processor's numbers here."
#endif

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_
