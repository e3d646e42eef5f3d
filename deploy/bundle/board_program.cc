#include "absl/strings/str_format.h"
#include "deploy/bundle/bundle_files.h"
#include "deploy/bundle/c_reference.h"
#include "deploy/bundle/c_text.h"

namespace tunefarm::deploy {
namespace {

using compiler::Artifact;
using compiler::DType;
using compiler::Operator;

// What a C library and an operating system would do. Semihosting: "Semihosting for AArch32 and
// AArch64" (Arm, 2.0), operations 4 (SYS_WRITE0) and 0x18 (SYS_EXIT).
constexpr char kRuntime[] = R"c(static void semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(const char* text) { semihost(4, text); }

static void print_number(const char* before, uint32_t value, const char* after) {
  char digits[11];
  char* next = digits + sizeof(digits) - 1;
  *next = 0;
  do {
    *--next = (char)('0' + value % 10);
  } while ((value /= 10) != 0);
  print(before);
  print(next);
  print(after);
}

static _Noreturn void leave(int good) {
  semihost(0x18, (const void*)(good ? 0x20026u : 0x20023u)); /* Application exit, or a fault. */
  for (;;) {
  }
}

/* What compilers call without being asked. */
void* memset(void* to, int value, size_t bytes) {
  for (volatile char* p = to; bytes > 0; --bytes) *p++ = (char)value;
  return to;
}
void* memcpy(void* to, const void* from, size_t bytes) {
  volatile char* p = to;
  for (const char* q = from; bytes > 0; --bytes) *p++ = *q++;
  return to;
}
void __aeabi_memcpy(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy4(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy8(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memclr(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr4(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr8(void* to, size_t bytes) { memset(to, 0, bytes); }

extern char heap_begin[], heap_end[], stack_top[];

static void* allocate(size_t bytes) {
  static char* next = heap_begin;
  char* memory = (char*)(((uintptr_t)next + 63) / 64 * 64);
  if (bytes > (size_t)(heap_end - memory)) {
    print("out of memory\n");
    leave(0);
  }
  next = memory + bytes;
  return memory;
}

/* SysTick counts down from 2^24 at the core's clock. */
#define SYST_CSR (*(volatile uint32_t*)0xE000E010)
#define SYST_RVR (*(volatile uint32_t*)0xE000E014)
#define SYST_CVR (*(volatile uint32_t*)0xE000E018)
#define CPACR (*(volatile uint32_t*)0xE000ED88)

static int check(void);

static _Noreturn void fault(void) {
  print("fault\n");
  leave(0);
}

static _Noreturn void reset(void) {
  CPACR |= 0xFu << 20; /* The FPU. */
  __asm__ volatile("dsb\n isb");
  leave(check());
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault};

)c";

std::string Calls(const Artifact& artifact) {
  std::string text;
  if (!artifact.prepare_symbol.empty()) {
    text += absl::StrFormat(
        "  /* Once: packs the constants into the order in which the kernel reads them. */\n"
        "  if (%s(buffers, scratch, NULL) != 0) return 0;\n",
        artifact.prepare_symbol);
  }
  return text + absl::StrFormat(R"c(  /* As often as there is new input. */
  SYST_RVR = 0xFFFFFF;
  SYST_CVR = 0;
  SYST_CSR = 5;
  if (%s(buffers, scratch, NULL) != 0) return 0;
  const uint32_t ticks = 0xFFFFFF - SYST_CVR;
  const int wrapped = (SYST_CSR >> 16) & 1;

)c",
                                artifact.run_symbol);
}

std::string Check(const Operator& op, const Artifact& artifact) {
  const std::string& out = op.output->name;
  const char* type = CType(op.output->dtype);
  const std::string wrong =
      op.output->dtype == DType::kF32
          ? absl::StrFormat(
                "!(distance(got[i], want[i]) <= (float)%.9g + (float)%.9g * distance(want[i], 0))",
                op.absolute_tolerance, op.relative_tolerance)
          : "got[i] != want[i]";
  return absl::StrFormat(R"c(  /* The same by plain loops. */
  const %s* got = buffers[%s];
  %s* want = allocate(%s);
%s  uint32_t num_wrong = 0;
  for (uint32_t i = 0; i < %s; ++i) num_wrong += %s;
  if (num_wrong != 0) {
    print_number("wrong: ", num_wrong, " elements\n");
    return 0;
  }
  if (wrapped) {
    print("ok: more than 2^24 ticks\n");
  } else {
    print_number("ok: ", ticks, " ticks of SysTick\n");
  }
  return 1;
)c",
                         type, MacroName(artifact.run_symbol, out), type,
                         MacroName(artifact.run_symbol, out, "bytes"), ReferenceCall(op, artifact),
                         MacroName(artifact.run_symbol, out, "elems"), wrong);
}

}  // namespace

std::string BoardProgram(const Operator& op, const Artifact& artifact,
                         const compiler::Target& target) {
  const char* machine = target.cpu == "cortex-m7" ? "mps2-an500" : "mps2-an386";
  const std::string distance =
      op.output->dtype == DType::kF32
          ? "static float distance(float a, float b) { return a < b ? b - a : a - b; }\n\n"
          : "";
  return absl::StrFormat(
      R"c(/* How to call %s on a board without an operating system, and a check that it computes what it should.
 *   clang --target=%s -mcpu=%s -O2 -ffreestanding -nostdlib -fuse-ld=lld -Wl,-T,board.ld \
 *     example.c kernel.o -o example.elf
 *   qemu-system-arm -M %s -display none -serial null -monitor none -icount shift=4 \
 *     -semihosting-config enable=on,target=native -kernel example.elf
 * A board of your own needs its memory in board.ld; a debugger with semihosting shows what it prints.
 * Made by %s.
 */
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

%s
enum { SEED = 1 };

%s/* %s in plain C. */
%s
%sstatic int check(void) {
%s%s%s}
)c",
      artifact.run_symbol, target.triple, target.cpu, machine, InComment(artifact.toolchain),
      kTensorFillHeader, kRuntime, InComment(Print(op.workload)), CReference(op, CLibrary::kNone),
      distance, BufferSetup(artifact, /*apart=*/false), Calls(artifact), Check(op, artifact));
}

std::string BoardLinkerScript() {
  return R"(/* Memory of Arm's MPS2 boards (AN386, AN500): code at 0, data at 0x20000000, 4 MiB each. */
MEMORY {
  code (rx) : ORIGIN = 0, LENGTH = 4M
  data (rw) : ORIGIN = 0x20000000, LENGTH = 4M
}
ENTRY(vectors_begin)
SECTIONS {
  .text : { vectors_begin = .; KEEP(*(.vectors)) *(.text* .rodata*) } > code
  .data : { *(.data* .bss* COMMON) } > data
  heap_begin = ALIGN(64);
  stack_top = ORIGIN(data) + LENGTH(data);
  heap_end = stack_top - 16K;
  /DISCARD/ : { *(.ARM.exidx* .ARM.attributes .comment .note*) }
}
)";
}

}  // namespace tunefarm::deploy
