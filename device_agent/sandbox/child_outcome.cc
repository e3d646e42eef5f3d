#include "device_agent/sandbox/child_outcome.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/statistics.h"
#include "device_agent/candidate_check.h"
#include "device_agent/device/device_state.h"
#include "device_agent/sandbox/guarded_buffer.h"
#include "device_agent/sandbox/seccomp_filter.h"

namespace tunefarm::device_agent {
namespace {

// si_code of a fault whose address the processor does not tell (linux/asm-generic/siginfo.h:
// SI_KERNEL).
constexpr int kAddressUnknown = 0x80;
// How far from a buffer a stray access is still called an access beside that buffer.
constexpr uint64_t kNearBytes = 1 << 20;

const char* PhaseName(ChildPhase phase) {
  switch (phase) {
    case ChildPhase::kPrepare:
      return "prepare";
    case ChildPhase::kVerify:
      return "verify";
    case ChildPhase::kTime:
      return "time";
    default:
      return "load";
  }
}

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? absl::StrFormat("SIG%s", name) : absl::StrFormat("signal %d", signal);
}

std::string BufferName(const v1::KernelSignature& signature, uint32_t index) {
  if (index >= static_cast<uint32_t>(signature.buffers_size())) return "scratch";
  return absl::StrFormat("buffer %u (%s)", index,
                         signature.buffers(static_cast<int>(index)).name());
}

// Explains an address by the buffer it lies in or beside; empty when it lies near none.
std::string Whereabouts(uint64_t address, const ChildReport& report,
                        const v1::KernelSignature& signature) {
  if (address < PageBytes()) return "null pointer";
  const uint32_t num_regions = std::min<uint32_t>(
      {report.num_regions, kMaxBuffers, static_cast<uint32_t>(signature.buffers_size())});
  std::string nearest;
  uint64_t nearest_bytes = kNearBytes;
  for (uint32_t i = 0; i <= num_regions; ++i) {
    const ChildRegion& region = i < num_regions ? report.regions[i] : report.scratch;
    const std::string name = i < num_regions ? BufferName(signature, i) : "scratch";
    if (address >= region.begin && address < region.end) {
      return absl::StrFormat("write to %s, which is read-only here", name);
    }
    if (address >= region.end && address - region.end < nearest_bytes) {
      nearest_bytes = address - region.end;
      nearest = absl::StrFormat("%u bytes past the end of %s of %u bytes", nearest_bytes, name,
                                region.end - region.begin);
    } else if (address < region.begin && region.begin - address < nearest_bytes) {
      nearest_bytes = region.begin - address;
      nearest = absl::StrFormat("%u bytes before the beginning of %s", nearest_bytes, name);
    }
  }
  return nearest;
}

struct Ending {
  v1::Outcome outcome;
  std::string error;
};

Ending OfSyscall(int number) {
  const std::string name = SyscallName(number);
  if (IsExitSyscall(number)) return {v1::OUTCOME_CRASHED, "kernel called exit"};
  if (IsMemorySyscall(number)) {
    return {v1::OUTCOME_OUT_OF_MEMORY,
            absl::StrFormat("kernel asked the system for memory (%s): it may use no more than its "
                            "buffers, scratch and stack",
                            name)};
  }
  return {
      v1::OUTCOME_CRASHED,
      absl::StrFormat("SIGSYS: kernel made system call %d (%s), which the sandbox does not allow",
                      number, name.empty() ? "unnamed" : name)};
}

Ending OfFault(const ChildReport& report, const v1::KernelSignature& signature) {
  const int signal = report.fault_signal.load();
  const uint64_t address = report.fault_address;
  if (signal == SIGSYS) return OfSyscall(report.fault_syscall);
  if (signal == SIGXCPU) return {v1::OUTCOME_TIMEOUT, "limit of CPU time exceeded"};
  if (signal != SIGSEGV && signal != SIGBUS) {
    return {v1::OUTCOME_CRASHED, absl::StrFormat("%s at address %#x", SignalName(signal), address)};
  }
  if (report.fault_code == kAddressUnknown) {
    return {
        v1::OUTCOME_CRASHED,
        absl::StrFormat("%s: misaligned vector access or impossible address", SignalName(signal))};
  }
  if (signal == SIGBUS && report.fault_code == BUS_ADRERR) {
    return {v1::OUTCOME_OUT_OF_MEMORY,
            absl::StrFormat("SIGBUS at address %#x: no memory behind a mapped page", address)};
  }
  const std::string where = Whereabouts(address, report, signature);
  if (where.empty() && address >= report.stack.begin && address < report.stack.end) {
    return {v1::OUTCOME_OUT_OF_MEMORY,
            absl::StrFormat("stack overflow at address %#x: a kernel's stack has 8 MiB", address)};
  }
  return {v1::OUTCOME_CRASHED, absl::StrFormat("%s at address %#x%s%s", SignalName(signal), address,
                                               where.empty() ? "" : ": ", where)};
}

// The child is dead without a word of its own: by a signal it could not catch, or by calling exit.
Ending OfSilentEnd(int wait_status) {
  if (WIFEXITED(wait_status)) {
    return {v1::OUTCOME_CRASHED,
            absl::StrFormat("kernel called exit (status %d)", WEXITSTATUS(wait_status))};
  }
  const int signal = WTERMSIG(wait_status);
  if (signal == SIGKILL) {
    return {v1::OUTCOME_OUT_OF_MEMORY, "killed by the system, most likely for want of memory"};
  }
  return {v1::OUTCOME_CRASHED, absl::StrFormat("killed by %s", SignalName(signal))};
}

Ending OfWrongResult(const ChildReport& report, const v1::Assignment& assignment) {
  const v1::KernelSignature& signature = assignment.candidates(0).kernel().signature();
  const v1::VerificationSpec& verification = assignment.verification();
  if (report.buffer >= static_cast<uint32_t>(verification.expected_size())) {
    return {v1::OUTCOME_CRASHED, "kernel overwrote the agent's memory"};
  }
  const v1::ExpectedOutput& expected = verification.expected(static_cast<int>(report.buffer));
  return {v1::OUTCOME_WRONG_RESULT,
          DescribeMismatch(report.comparison,
                           signature.buffers(static_cast<int>(expected.buffer())), expected)};
}

Ending OfVerdict(const ChildReport& report, const v1::Assignment& assignment) {
  const v1::KernelSignature& signature = assignment.candidates(0).kernel().signature();
  const std::string text(report.text, strnlen(report.text, sizeof(report.text)));
  switch (report.verdict) {
    case ChildVerdict::kRefused:
      return {v1::OUTCOME_BUILD_FAILED, text};
    case ChildVerdict::kNoMemory:
      return {v1::OUTCOME_OUT_OF_MEMORY, text};
    case ChildVerdict::kAgentFault:
      return {v1::OUTCOME_DEVICE_LOST, absl::StrFormat("setting up the sandbox: %s", text)};
    case ChildVerdict::kWrongResult:
      return OfWrongResult(report, assignment);
    case ChildVerdict::kKernelStatus:
      return {v1::OUTCOME_CRASHED,
              absl::StrFormat("kernel returned %d, want 0", report.kernel_status)};
    case ChildVerdict::kOverrun:
      return {v1::OUTCOME_CRASHED,
              absl::StrFormat("kernel wrote outside %s: byte %d %s",
                              BufferName(signature, report.buffer), std::abs(report.overrun_byte),
                              report.overrun_byte > 0 ? "past its end" : "before its beginning")};
    default:
      return {v1::OUTCOME_CRASHED, "kernel overwrote the agent's memory"};
  }
}

Ending EndingOf(const ChildReport& report, const ChildEnd& end, const v1::Assignment& assignment) {
  const v1::KernelSignature& signature = assignment.candidates(0).kernel().signature();
  if (report.verdict != ChildVerdict::kUnfinished) return OfVerdict(report, assignment);
  if (report.fault_signal.load() != 0) return OfFault(report, signature);
  if (end.timed_out) {
    return {v1::OUTCOME_TIMEOUT, absl::StrFormat("not done after %u ms, killed",
                                                 assignment.timing().timeout_ns() / 1'000'000)};
  }
  return OfSilentEnd(end.wait_status);
}

// UNSPECIFIED where the kernel scribbled over it.
v1::SampleVerdict ToProto(SampleVerdict verdict) {
  switch (verdict) {
    case SampleVerdict::kSteady:
      return v1::SAMPLE_VERDICT_STEADY;
    case SampleVerdict::kFrequencyMoved:
      return v1::SAMPLE_VERDICT_FREQUENCY_MOVED;
    case SampleVerdict::kThrottled:
      return v1::SAMPLE_VERDICT_THROTTLED;
  }
  return v1::SAMPLE_VERDICT_UNSPECIFIED;
}

// False when the report cannot be what the agent wrote.
bool AddSamples(const ChildReport& report, v1::MeasureResult* result) {
  if (report.num_samples == 0 || report.num_samples > kMaxTakenSamples) return false;
  uint32_t num_disturbed = 0;
  for (uint32_t i = 0; i < report.num_samples; ++i) {
    const TimedSample& taken = report.samples[i];
    v1::Sample* sample = result->add_samples();
    sample->set_value_ns(taken.value_ns);
    sample->set_verdict(ToProto(taken.verdict));
    if (sample->verdict() == v1::SAMPLE_VERDICT_UNSPECIFIED) return false;
    if (sample->verdict() != v1::SAMPLE_VERDICT_STEADY) ++num_disturbed;
    if (v1::DeviceState before = ToProto(taken.before); before.ByteSizeLong() != 0) {
      *sample->mutable_before() = std::move(before);
    }
    if (v1::DeviceState after = ToProto(taken.after); after.ByteSizeLong() != 0) {
      *sample->mutable_after() = std::move(after);
    }
  }
  result->set_num_disturbed(num_disturbed);
  result->set_unsteady(num_disturbed == report.num_samples);
  for (v1::Sample& sample : *result->mutable_samples()) {
    sample.set_counted(result->unsteady() || sample.verdict() == v1::SAMPLE_VERDICT_STEADY);
    if (sample.counted()) result->add_samples_ns(sample.value_ns());
  }
  return true;
}

}  // namespace

v1::MeasureResult ResultOf(const ChildReport& report, const ChildEnd& end,
                           const v1::Assignment& assignment) {
  const uint64_t id = assignment.candidates(0).candidate_id();
  if (report.verdict != ChildVerdict::kOk) {
    const Ending ending = EndingOf(report, end, assignment);
    return FailedResult(id, ending.outcome, PhaseName(report.phase), ending.error);
  }
  v1::MeasureResult result;
  result.set_candidate_id(id);
  result.set_outcome(v1::OUTCOME_OK);
  result.set_runs_per_sample(report.runs_per_sample);
  result.set_cut(report.cut);
  if (!AddSamples(report, &result)) {
    return FailedResult(id, v1::OUTCOME_CRASHED, PhaseName(report.phase),
                        "kernel overwrote the agent's memory");
  }
  const std::vector<double> counted(result.samples_ns().begin(), result.samples_ns().end());
  result.set_median_ns(base::Median(counted));
  result.set_mad_ns(base::MedianAbsoluteDeviation(counted));
  return result;
}

}  // namespace tunefarm::device_agent
