// What a candidate's process leaves behind: one block of memory shared with the runner.
//
// The child writes facts into it as it goes, so that they survive however it ends; the runner turns
// them into a result (child_outcome.h) after the child is dead. The kernel could scribble over it,
// so the runner trusts no size or index in it. Plain data: it is filled where nothing may be
// allocated.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_REPORT_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_REPORT_H_

#include <atomic>
#include <cstdint>

#include "device_agent/sample_judge.h"
#include "device_agent/signature.h"
#include "device_agent/verification.h"

namespace tunefarm::device_agent {

// How far the child came; names are MeasureResult.phase.
enum class ChildPhase : int32_t { kLoad, kPrepare, kVerify, kTime };

// How the child ended by its own account. kUnfinished: it never got to say.
enum class ChildVerdict : int32_t {
  kUnfinished,
  kOk,
  kRefused,       // The kernel cannot be loaded; `text` says why.
  kNoMemory,      // Its buffers do not fit; `text` says which.
  kAgentFault,    // The sandbox could not be set up; `text` says why.
  kWrongResult,   // `comparison` of output number `buffer`.
  kOverrun,       // Wrote beside `buffer`, `overrun_byte` as FirstOverwrittenByte.
  kKernelStatus,  // An entry returned `kernel_status`, not 0.
};

// Where a buffer lies, so that a fault's address can be explained.
struct ChildRegion {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Room for samples that are taken again, as far as the runner's reply holds them all.
inline constexpr uint32_t kMaxTakenSamples = kMaxSamples + 500;

struct ChildReport {
  ChildReport() {}  // Not defaulted: the samples below are left as they are.

  ChildPhase phase = ChildPhase::kLoad;
  ChildVerdict verdict = ChildVerdict::kUnfinished;

  char text[512] = {};
  uint32_t buffer = 0;
  int64_t overrun_byte = 0;
  int32_t kernel_status = 0;
  Comparison comparison;

  // The first fatal signal; 0 signal: none. `syscall` for SIGSYS.
  std::atomic<int32_t> fault_signal = 0;
  int32_t fault_code = 0;
  int32_t fault_syscall = 0;
  uint64_t fault_address = 0;

  ChildRegion stack;    // All addresses the calling thread's stack may grow over.
  ChildRegion scratch;  // Empty when the kernel has none.
  uint32_t num_regions = 0;
  ChildRegion regions[kMaxBuffers];

  bool cut = false;
  uint64_t runs_per_sample = 0;
  uint32_t num_samples = 0;  // Disturbed ones included.
  // Left alone at construction: fresh shared memory is zero, and touching 80 KiB costs page
  // faults.
  union {
    TimedSample samples[kMaxTakenSamples];
  };
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_CHILD_REPORT_H_
