#include "device_agent/sandbox/candidate_child.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/device/cores.h"
#include "device_agent/device/sensor_files.h"
#include "device_agent/device/system_files.h"
#include "device_agent/sandbox/child_limits.h"
#include "device_agent/sandbox/elf_loader.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/fault_handler.h"
#include "device_agent/sandbox/guarded_buffer.h"
#include "device_agent/sandbox/seccomp_filter.h"
#include "device_agent/sandbox/worker_pool.h"
#include "device_agent/signature.h"
#include "device_agent/timing.h"
#include "proto/buffer_placement.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

constexpr uint64_t kStackBytes = 8 << 20;
constexpr uint64_t kCacheLineBytes = 64;

uint64_t ReadClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

absl::StatusOr<std::span<const std::byte>> MapFile(const base::UniqueFd& file) {
  struct stat info;
  if (fstat(file.get(), &info) != 0) return ErrnoStatus("fstat of a file from the agent");
  const auto num_bytes = static_cast<size_t>(info.st_size);
  void* memory = mmap(nullptr, num_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) return ErrnoStatus(absl::StrFormat("mapping %u bytes", num_bytes));
  return std::span(static_cast<const std::byte*>(memory), num_bytes);
}

// Room that an output needs in front to step back from where its input is.
uint64_t RoomBefore(const v1::Buffer& buffer) {
  return buffer.role() == v1::BUFFER_ROLE_OUTPUT ? TUNEFARM_OUTPUT_PERIOD_BYTES : 0;
}

// By how many bytes an output at `output` begins earlier to be where buffer_placement.h wants it.
uint64_t StepBack(const void* input, const void* output) {
  const auto wanted = reinterpret_cast<uintptr_t>(input) + TUNEFARM_OUTPUT_DISTANCE_BYTES;
  return (reinterpret_cast<uintptr_t>(output) - wanted) % TUNEFARM_OUTPUT_PERIOD_BYTES;
}

class Child {
 public:
  Child(const CandidateJob& job, const ChildSettings& settings, ChildReport* report)
      : assignment_(job.assignment),
        files_(job.files),
        signature_(assignment_.candidates(0).kernel().signature()),
        settings_(settings),
        num_workers_(std::max<uint32_t>(1, assignment_.timing().num_threads())),
        report_(report) {}

  // Everything up to the closed sandbox. Runs nothing of the kernel.
  absl::Status SetUp(pid_t runner, int alive);

  // Prepare, verify, time. Neither allocates nor makes system calls other than the sandbox's few.
  ChildVerdict Measure();

 private:
  absl::Status MapBuffers();
  absl::Status MapScratch();
  absl::Status LoadEntries();
  absl::Status StartWorkers();
  void DescribeMemory();
  uint64_t AddressSpaceBytes() const;

  bool Call(tunefarm_kernel_fn entry, uint64_t number);
  void Poison();
  void PlaceOutputs();
  bool BuffersWhole();
  bool OutputsRight();
  void Time();
  void FlushCache();

  const v1::Assignment& assignment_;
  const std::vector<base::UniqueFd>& files_;
  const v1::KernelSignature& signature_;
  const ChildSettings& settings_;
  const uint32_t num_workers_;
  ChildReport* const report_;

  std::vector<GuardedBuffer> buffers_;
  std::vector<void*> pointers_;
  std::vector<std::span<const std::byte>> expected_;  // As in the verification.
  std::optional<GuardedBuffer> scratch_;
  std::optional<GuardedBuffer> flush_;
  std::unique_ptr<WorkerPool> workers_;
  SensorFiles sensors_;
  tunefarm_kernel_fn prepare_ = nullptr;
  tunefarm_kernel_fn run_ = nullptr;
};

uint64_t Child::AddressSpaceBytes() const {
  const v1::TimingSpec& timing = assignment_.timing();
  uint64_t total =
      timing.memory_limit_bytes() != 0 ? timing.memory_limit_bytes() : settings_.memory_limit_bytes;
  for (const v1::Buffer& buffer : signature_.buffers()) {
    total += GuardedLayout::For(BufferBytes(buffer)).mapped_bytes() + 3 * PageBytes();
    if (buffer.role() == v1::BUFFER_ROLE_OUTPUT) total += BufferBytes(buffer);  // The expected one.
  }
  if (timing.flush_cache()) total += settings_.cache_flush_bytes;
  return total + num_workers_ * 2 * kStackBytes;
}

absl::Status Child::SetUp(pid_t runner, int alive) {
  TUNEFARM_RETURN_IF_ERROR(LeaveRunner(runner));
  TUNEFARM_RETURN_IF_ERROR(PinToCore(settings_.cores[0]));
  const uint64_t timeout_seconds = assignment_.timing().timeout_ns() / 1'000'000'000u;
  TUNEFARM_RETURN_IF_ERROR(ApplyLimits({.address_space_bytes = AddressSpaceBytes(),
                                        .cpu_seconds = (timeout_seconds + 2) * num_workers_,
                                        .stack_bytes = kStackBytes}));
  TUNEFARM_RETURN_IF_ERROR(MapBuffers());
  TUNEFARM_RETURN_IF_ERROR(MapScratch());
  TUNEFARM_RETURN_IF_ERROR(LoadEntries());
  TUNEFARM_RETURN_IF_ERROR(StartWorkers());
  sensors_ = SensorFiles(SystemFiles(settings_.system_root), settings_.sensors);
  std::vector<int> kept = sensors_.descriptors();
  kept.push_back(alive);
  TUNEFARM_RETURN_IF_ERROR(GiveUpFiles(std::move(kept)));
  DescribeMemory();
  TUNEFARM_RETURN_IF_ERROR(UseHandlerStack());
  TUNEFARM_RETURN_IF_ERROR(InstallFaultHandler(report_));
  return settings_.use_seccomp ? ShutSandbox() : absl::OkStatus();
}

absl::Status Child::MapBuffers() {
  size_t next_file = 1;
  for (const v1::Buffer& buffer : signature_.buffers()) {
    absl::StatusOr<GuardedBuffer> mapped =
        IsDrawn(buffer) ? GuardedBuffer::FromImage(files_[next_file++].get(), BufferBytes(buffer))
                        : GuardedBuffer::Anonymous(BufferBytes(buffer), RoomBefore(buffer));
    if (!mapped.ok()) return base::Annotate(mapped.status(), "buffer " + buffer.name());
    // Packed constants that `prepare` leaves out must not happen to be zero.
    if (buffer.role() == v1::BUFFER_ROLE_PACKED) {
      std::memset(mapped->data().data(), 0xFF, mapped->data().size());
    }
    pointers_.push_back(mapped->data().data());
    buffers_.push_back(*std::move(mapped));
  }
  for (; next_file < files_.size(); ++next_file) {
    TUNEFARM_ASSIGN_OR_RETURN(const auto bytes, MapFile(files_[next_file]));
    expected_.push_back(bytes);
  }
  return absl::OkStatus();
}

absl::Status Child::MapScratch() {
  const uint64_t num_bytes = signature_.scratch_bytes_per_worker() * num_workers_;
  if (num_bytes != 0) {
    absl::StatusOr<GuardedBuffer> mapped = GuardedBuffer::Anonymous(num_bytes);
    if (!mapped.ok()) return base::Annotate(mapped.status(), "scratch memory");
    // The ABI promises nothing about its contents; zeros would hide a kernel that relies on them.
    std::memset(mapped->data().data(), 0xFF, mapped->data().size());
    scratch_.emplace(*std::move(mapped));
  }
  if (assignment_.timing().flush_cache() && settings_.cache_flush_bytes != 0) {
    absl::StatusOr<GuardedBuffer> mapped = GuardedBuffer::Anonymous(settings_.cache_flush_bytes);
    if (!mapped.ok()) return base::Annotate(mapped.status(), "memory for flushing caches");
    flush_.emplace(*std::move(mapped));
  }
  return absl::OkStatus();
}

absl::Status Child::LoadEntries() {
  TUNEFARM_ASSIGN_OR_RETURN(const auto file, MapFile(files_[0]));
  TUNEFARM_ASSIGN_OR_RETURN(
      const LoadedKernel kernel,
      LoadedKernel::Load({reinterpret_cast<const uint8_t*>(file.data()), file.size()}));
  TUNEFARM_ASSIGN_OR_RETURN(run_, kernel.Function(signature_.run_symbol()));
  if (!signature_.prepare_symbol().empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(prepare_, kernel.Function(signature_.prepare_symbol()));
  }
  return absl::OkStatus();
}

absl::Status Child::StartWorkers() {
  if (num_workers_ == 1) return absl::OkStatus();
  if (num_workers_ > settings_.cores.size()) {
    return absl::InternalError(absl::StrFormat("%u threads asked for, this agent may use %u cores",
                                               num_workers_, settings_.cores.size()));
  }
  const std::vector<int> cores(settings_.cores.begin(), settings_.cores.begin() + num_workers_);
  TUNEFARM_ASSIGN_OR_RETURN(workers_, WorkerPool::Start(cores, UseHandlerStack));
  return absl::OkStatus();
}

// Tight against their guards while they are verified, outputs are timed where they are written
// fastest.
void Child::PlaceOutputs() {
  const void* input = nullptr;
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const v1::BufferRole role = signature_.buffers(static_cast<int>(i)).role();
    if (role == v1::BUFFER_ROLE_INPUT && input == nullptr) input = pointers_[i];
    if (role != v1::BUFFER_ROLE_OUTPUT || input == nullptr) continue;
    buffers_[i].BeginEarlier(StepBack(input, pointers_[i]));
    pointers_[i] = buffers_[i].data().data();
  }
  DescribeMemory();
}

void Child::DescribeMemory() {
  report_->num_regions = 0;
  const auto region = [](const GuardedBuffer& buffer) {
    const auto begin = reinterpret_cast<uintptr_t>(buffer.data().data());
    return ChildRegion{begin, begin + buffer.data().size()};
  };
  for (const GuardedBuffer& buffer : buffers_) {
    report_->regions[report_->num_regions++] = region(buffer);
  }
  if (scratch_) report_->scratch = region(*scratch_);
  // The system keeps a gap of 1 MiB below a stack; a large frame may land beyond it.
  const auto here = reinterpret_cast<uintptr_t>(&region);
  report_->stack = {here - kStackBytes - (2 << 20), here};
}

ChildVerdict Child::Measure() {
  if (prepare_ != nullptr) {
    report_->phase = ChildPhase::kPrepare;
    if (!Call(prepare_, 1)) return ChildVerdict::kKernelStatus;
    if (!BuffersWhole()) return ChildVerdict::kOverrun;
  }
  for (int i = 0; i < signature_.buffers_size(); ++i) {
    if (signature_.buffers(i).role() != v1::BUFFER_ROLE_PACKED) continue;
    if (!buffers_[static_cast<size_t>(i)].ProtectFromWrites().ok())
      return ChildVerdict::kAgentFault;
  }
  report_->phase = ChildPhase::kVerify;
  Poison();
  if (!Call(run_, 1)) return ChildVerdict::kKernelStatus;
  if (!BuffersWhole()) return ChildVerdict::kOverrun;
  if (!OutputsRight()) return ChildVerdict::kWrongResult;

  // Poisoned anew, so that a kernel which works only once is seen afterwards.
  report_->phase = ChildPhase::kTime;
  PlaceOutputs();
  Poison();
  Time();
  if (report_->kernel_status != 0) return ChildVerdict::kKernelStatus;
  if (!BuffersWhole()) return ChildVerdict::kOverrun;
  if (!OutputsRight()) return ChildVerdict::kWrongResult;
  return ChildVerdict::kOk;
}

bool Child::Call(tunefarm_kernel_fn entry, uint64_t number) {
  void* const scratch = scratch_ ? scratch_->data().data() : nullptr;
  const tunefarm_parallel* const parallel = workers_ ? workers_->parallel() : nullptr;
  int32_t status = 0;
  for (uint64_t i = 0; i < number; ++i) status |= entry(pointers_.data(), scratch, parallel);
  report_->kernel_status |= status;
  return status == 0;
}

void Child::Poison() {
  for (int i = 0; i < signature_.buffers_size(); ++i) {
    const v1::Buffer& buffer = signature_.buffers(i);
    if (buffer.role() != v1::BUFFER_ROLE_OUTPUT) continue;
    std::span<const std::byte> want;
    for (int e = 0; e < assignment_.verification().expected_size(); ++e) {
      if (static_cast<int>(assignment_.verification().expected(e).buffer()) == i) {
        want = expected_[static_cast<size_t>(e)];
      }
    }
    PoisonOutput(buffer.data_type(), want, buffers_[static_cast<size_t>(i)].data());
  }
}

bool Child::BuffersWhole() {
  for (size_t i = 0; i <= buffers_.size(); ++i) {
    if (i == buffers_.size() && !scratch_) break;
    const GuardedBuffer& buffer = i < buffers_.size() ? buffers_[i] : *scratch_;
    report_->overrun_byte = buffer.FirstOverwrittenByte();
    report_->buffer = static_cast<uint32_t>(i);
    if (report_->overrun_byte != 0) return false;
  }
  return true;
}

bool Child::OutputsRight() {
  for (size_t i = 0; i < expected_.size(); ++i) {
    const v1::ExpectedOutput& expected = assignment_.verification().expected(static_cast<int>(i));
    const v1::DataType type = signature_.buffers(static_cast<int>(expected.buffer())).data_type();
    report_->buffer = static_cast<uint32_t>(i);
    report_->comparison =
        CompareOutput(type, buffers_[expected.buffer()].data(), expected_[i],
                      expected.absolute_tolerance(), expected.relative_tolerance());
    if (report_->comparison.num_mismatches != 0) return false;
  }
  return true;
}

void Child::Time() {
  const auto run = [this](uint64_t number) { Call(run_, number); };
  const auto flush = [this] { FlushCache(); };
  // A kernel that runs on this thread alone is charged only for the time it has the processor: what
  // other processes take of it says nothing about the kernel.
  const clockid_t clock =
      assignment_.timing().num_threads() > 1 ? CLOCK_MONOTONIC_RAW : CLOCK_THREAD_CPUTIME_ID;
  const auto now = [clock] { return ReadClockNs(clock); };
  const auto read_state = [this] { return sensors_.Read(); };
  const TimingSummary summary =
      TimeKernel(assignment_.timing(),
                 {.now_ns = now, .run = run, .flush_cache = flush, .read_state = read_state},
                 report_->samples);
  report_->num_samples = static_cast<uint32_t>(summary.num_samples);
  report_->runs_per_sample = summary.runs_per_sample;
  report_->cut = summary.cut;
}

void Child::FlushCache() {
  if (!flush_) return;
  volatile std::byte* bytes = flush_->data().data();
  for (size_t i = 0; i < flush_->data().size(); i += kCacheLineBytes) bytes[i] = std::byte{1};
}

ChildVerdict VerdictOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ChildVerdict::kRefused;
    case absl::StatusCode::kResourceExhausted:
      return ChildVerdict::kNoMemory;
    default:
      return ChildVerdict::kAgentFault;
  }
}

}  // namespace

void RunCandidate(const CandidateJob& job, const ChildSettings& settings, pid_t runner, int alive,
                  ChildReport* report) {
  Child child(job, settings, report);
  const absl::Status set_up = child.SetUp(runner, alive);
  if (set_up.ok()) {
    report->verdict = child.Measure();
  } else {
    const std::string text(set_up.message());
    std::strncpy(report->text, text.c_str(), sizeof(report->text) - 1);
    report->verdict = VerdictOf(set_up);
  }
  _exit(0);
}

}  // namespace tunefarm::device_agent
