// What differs between the processors an agent is built for: ELF class, machine and relocation
// numbers, the system-call architecture, the LLVM architecture name. A new processor is one more
// block here.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_

#include <elf.h>
#include <linux/audit.h>

#include <cstdint>

namespace tunefarm::device_agent {

struct Machine {
  const char* name;      // First part of the LLVM triple.
  uint8_t elf_class;     // ELFCLASS32 or ELFCLASS64; words and pointers are as wide.
  uint16_t elf_machine;  // e_machine.
  // True: relocation tables are DT_RELA, with an addend in each entry. False: DT_REL, where the
  // addend is the word that is to be relocated.
  bool has_addends;
  uint32_t relative;     // Word = image base + addend.
  uint32_t absolute;     // Word = symbol + addend.
  uint32_t global_data;  // Word = symbol (+ addend), in the GOT.
  uint32_t jump_slot;    // Word = symbol (+ addend), in the PLT's GOT.
  uint32_t audit_arch;   // seccomp_data.arch.

  constexpr uint64_t word_bytes() const { return elf_class == ELFCLASS64 ? 8 : 4; }
};

inline constexpr Machine kX86_64 = {.name = "x86_64",
                                    .elf_class = ELFCLASS64,
                                    .elf_machine = EM_X86_64,
                                    .has_addends = true,
                                    .relative = R_X86_64_RELATIVE,
                                    .absolute = R_X86_64_64,
                                    .global_data = R_X86_64_GLOB_DAT,
                                    .jump_slot = R_X86_64_JUMP_SLOT,
                                    .audit_arch = AUDIT_ARCH_X86_64};

inline constexpr Machine kAArch64 = {.name = "aarch64",
                                     .elf_class = ELFCLASS64,
                                     .elf_machine = EM_AARCH64,
                                     .has_addends = true,
                                     .relative = R_AARCH64_RELATIVE,
                                     .absolute = R_AARCH64_ABS64,
                                     .global_data = R_AARCH64_GLOB_DAT,
                                     .jump_slot = R_AARCH64_JUMP_SLOT,
                                     .audit_arch = AUDIT_ARCH_AARCH64};

inline constexpr Machine kArmV7 = {.name = "armv7",
                                   .elf_class = ELFCLASS32,
                                   .elf_machine = EM_ARM,
                                   .has_addends = false,
                                   .relative = R_ARM_RELATIVE,
                                   .absolute = R_ARM_ABS32,
                                   .global_data = R_ARM_GLOB_DAT,
                                   .jump_slot = R_ARM_JUMP_SLOT,
                                   .audit_arch = AUDIT_ARCH_ARM};

// RISC-V has no relocation of its own for GOT entries: they are plain words.
inline constexpr Machine kRiscv64 = {.name = "riscv64",
                                     .elf_class = ELFCLASS64,
                                     .elf_machine = EM_RISCV,
                                     .has_addends = true,
                                     .relative = R_RISCV_RELATIVE,
                                     .absolute = R_RISCV_64,
                                     .global_data = R_RISCV_64,
                                     .jump_slot = R_RISCV_JUMP_SLOT,
                                     .audit_arch = AUDIT_ARCH_RISCV64};

// The one this agent is built for.
#if defined(__x86_64__)
inline constexpr Machine kMachine = kX86_64;
#elif defined(__aarch64__)
inline constexpr Machine kMachine = kAArch64;
#elif defined(__arm__)
inline constexpr Machine kMachine = kArmV7;
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr Machine kMachine = kRiscv64;
#else
#error \
    "The agent knows x86-64, 64-bit and 32-bit ARM and RISC-V; add this processor's numbers here."
#endif

static_assert(kMachine.word_bytes() == sizeof(void*));

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_MACHINE_H_
