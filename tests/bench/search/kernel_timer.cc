#include "tests/bench/search/kernel_timer.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/artifact/load.h"
#include "proto/buffer_placement.h"

namespace tunefarm::tuner {
namespace {

using compiler::Artifact;
using compiler::ArtifactBuffer;
using compiler::BufferRole;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using AlignedBytes = std::unique_ptr<uint8_t, Free>;

// On whole pages: where two buffers of one kernel begin decides over its time as well.
AlignedBytes Allocate(size_t num_bytes) {
  constexpr size_t kPageBytes = 4096;
  const size_t rounded = (num_bytes / kPageBytes + 1) * kPageBytes;
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, rounded));
  std::memset(memory, 0, rounded);
  return AlignedBytes(memory);
}

// Time of this thread on a core: what other processes take from it does not count.
uint64_t ThreadNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

struct TimedKernel::State {
  compiler::LoadedKernel kernel;
  std::vector<AlignedBytes> buffers;
  std::vector<void*> pointers;
  AlignedBytes scratch;
  size_t output = 0;  // Position of the output among the buffers.
  uint64_t runs_per_sample = 0;
};

TimedKernel::TimedKernel(std::unique_ptr<State> state) : state_(std::move(state)) {}
TimedKernel::~TimedKernel() = default;

absl::StatusOr<std::unique_ptr<TimedKernel>> TimedKernel::Load(
    const Artifact& artifact, const std::vector<compiler::TensorBytes>& inputs) {
  TUNEFARM_ASSIGN_OR_RETURN(compiler::LoadedKernel kernel, compiler::LoadedKernel::Load(artifact));
  auto state = std::make_unique<State>(State{std::move(kernel), {}, {}, nullptr});
  for (const ArtifactBuffer& buffer : artifact.buffers) {
    const size_t position = state->buffers.size();
    const auto num_bytes =
        static_cast<size_t>(buffer.num_elems * compiler::SizeBytes(buffer.dtype));
    const bool is_output = buffer.role == BufferRole::kOutput;
    const size_t offset = is_output ? TUNEFARM_OUTPUT_DISTANCE_BYTES : 0;
    state->buffers.push_back(Allocate(offset + num_bytes));
    if (buffer.role == BufferRole::kInput || buffer.role == BufferRole::kConstant) {
      if (position >= inputs.size() || inputs[position].size() != num_bytes) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "load kernel: no input of %d bytes at position %d", num_bytes, position));
      }
      std::memcpy(state->buffers.back().get(), inputs[position].data(), num_bytes);
    }
    if (is_output) state->output = position;
    state->pointers.push_back(state->buffers.back().get() + offset);
  }
  state->scratch = Allocate(static_cast<size_t>(state->kernel.scratch_bytes_per_worker()));
  TUNEFARM_RETURN_IF_ERROR(state->kernel.Prepare(state->pointers));
  return std::unique_ptr<TimedKernel>(new TimedKernel(std::move(state)));
}

void TimedKernel::Run() {
  state_->kernel.run()(state_->pointers.data(), state_->scratch.get(), nullptr);
}

bool TimedKernel::OutputEquals(const compiler::TensorBytes& expected,
                               const compiler::Operator& op) const {
  const auto* got = static_cast<const uint8_t*>(state_->pointers[state_->output]);
  if (op.workload.dtype != compiler::DType::kF32) {
    return std::memcmp(got, expected.data(), expected.size()) == 0;
  }
  for (size_t at = 0; at < expected.size(); at += sizeof(float)) {
    float value, want;
    std::memcpy(&value, got + at, sizeof value);
    std::memcpy(&want, expected.data() + at, sizeof want);
    const double allowed = op.absolute_tolerance + op.relative_tolerance * std::abs(want);
    if (!(std::abs(static_cast<double>(value) - want) <= allowed)) return false;
  }
  return true;
}

double TimedKernel::SampleNs(uint64_t min_sample_ns) {
  if (state_->runs_per_sample == 0) {
    const uint64_t start = ThreadNs();
    Run();
    const uint64_t once = std::max<uint64_t>(ThreadNs() - start, 1);
    state_->runs_per_sample = std::max<uint64_t>(1, min_sample_ns / once);
  }
  const uint64_t start = ThreadNs();
  for (uint64_t i = 0; i < state_->runs_per_sample; ++i) Run();
  return static_cast<double>(ThreadNs() - start) / static_cast<double>(state_->runs_per_sample);
}

}  // namespace tunefarm::tuner
