#include "tests/bench/search/kernel_timer.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/kernel_abi.h"

namespace tunefarm::tuner {
namespace {

using compiler::Artifact;
using compiler::ArtifactBuffer;
using compiler::BufferRole;

struct AlignedFree {
  void operator()(void* memory) const { std::free(memory); }
};
using AlignedBytes = std::unique_ptr<uint8_t, AlignedFree>;

AlignedBytes Allocate(size_t num_bytes) {
  const size_t rounded = (std::max<size_t>(num_bytes, 1) + 63) / 64 * 64;
  auto* memory =
      static_cast<uint8_t*>(std::aligned_alloc(TUNEFARM_BUFFER_ALIGNMENT_BYTES, rounded));
  std::memset(memory, 0, rounded);
  return AlignedBytes(memory);
}

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

struct LoadedKernel::State {
  void* library = nullptr;
  tunefarm_kernel_fn run = nullptr;
  std::vector<AlignedBytes> buffers;
  std::vector<void*> pointers;
  AlignedBytes scratch;
  size_t output = 0;  // Position of the output among the buffers.
  uint64_t runs_per_sample = 0;

  ~State() {
    if (library != nullptr) dlclose(library);
  }
};

LoadedKernel::LoadedKernel(std::unique_ptr<State> state) : state_(std::move(state)) {}
LoadedKernel::~LoadedKernel() = default;

absl::StatusOr<std::unique_ptr<LoadedKernel>> LoadedKernel::Load(
    const Artifact& artifact, const std::vector<compiler::TensorBytes>& inputs) {
  auto state = std::make_unique<State>();
  const int file = memfd_create("kernel", MFD_CLOEXEC);
  const auto written = write(file, artifact.shared.data(), artifact.shared.size());
  if (written == static_cast<ssize_t>(artifact.shared.size())) {
    state->library =
        dlopen(absl::StrFormat("/proc/self/fd/%d", file).c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  close(file);
  if (state->library == nullptr) {
    const char* error = dlerror();
    return absl::InternalError(
        absl::StrFormat("load kernel: %s", error != nullptr ? error : "memfd cannot be written"));
  }
  const auto symbol = [&](const std::string& name) {
    return reinterpret_cast<tunefarm_kernel_fn>(dlsym(state->library, name.c_str()));
  };
  state->run = symbol(artifact.run_symbol);
  if (state->run == nullptr) {
    return absl::InternalError(absl::StrFormat("load kernel: no symbol %s", artifact.run_symbol));
  }
  for (const ArtifactBuffer& buffer : artifact.buffers) {
    const size_t position = state->buffers.size();
    const auto num_bytes =
        static_cast<size_t>(buffer.num_elems * compiler::SizeBytes(buffer.dtype));
    state->buffers.push_back(Allocate(num_bytes));
    if (buffer.role == BufferRole::kInput || buffer.role == BufferRole::kConstant) {
      if (position >= inputs.size() || inputs[position].size() != num_bytes) {
        return absl::InternalError(absl::StrFormat("load kernel: input %d is missing", position));
      }
      std::memcpy(state->buffers.back().get(), inputs[position].data(), num_bytes);
    }
    if (buffer.role == BufferRole::kOutput) state->output = position;
    state->pointers.push_back(state->buffers.back().get());
  }
  state->scratch = Allocate(static_cast<size_t>(artifact.scratch_bytes_per_worker));
  if (!artifact.prepare_symbol.empty()) {
    const tunefarm_kernel_fn prepare = symbol(artifact.prepare_symbol);
    if (prepare == nullptr) {
      return absl::InternalError(
          absl::StrFormat("load kernel: no symbol %s", artifact.prepare_symbol));
    }
    prepare(state->pointers.data(), state->scratch.get(), nullptr);
  }
  return std::unique_ptr<LoadedKernel>(new LoadedKernel(std::move(state)));
}

void LoadedKernel::Run() { state_->run(state_->pointers.data(), state_->scratch.get(), nullptr); }

bool LoadedKernel::OutputEquals(const compiler::TensorBytes& expected,
                                const compiler::Operator& op) const {
  const uint8_t* got = state_->buffers[state_->output].get();
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

double LoadedKernel::SampleNs(uint64_t min_sample_ns) {
  if (state_->runs_per_sample == 0) {
    const uint64_t start = NowNs();
    Run();
    const uint64_t once = std::max<uint64_t>(NowNs() - start, 1);
    state_->runs_per_sample = std::max<uint64_t>(1, min_sample_ns / once);
  }
  const uint64_t start = NowNs();
  for (uint64_t i = 0; i < state_->runs_per_sample; ++i) Run();
  return static_cast<double>(NowNs() - start) / static_cast<double>(state_->runs_per_sample);
}

}  // namespace tunefarm::tuner
