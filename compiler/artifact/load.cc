#include "compiler/artifact/load.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

// tunefarm_parallel::run on threads that live for the call; context points to the number of them.
void RunOnThreads(void* context, int64_t num_items, tunefarm_parallel_body body, void* closure) {
  const int num_threads = *static_cast<const int*>(context);
  std::atomic<int64_t> next = 0;
  const auto work = [&](int32_t worker) {
    for (int64_t item; (item = next.fetch_add(1)) < num_items;) body(closure, item, worker);
  };
  std::vector<std::thread> threads;
  for (int worker = 1; worker < num_threads; ++worker) threads.emplace_back(work, worker);
  work(0);
  for (std::thread& thread : threads) thread.join();
}

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

struct LoadedKernel::State {
  ~State() {
    if (library != nullptr) dlclose(library);
    if (fd >= 0) close(fd);
  }

  // Open as long as the library is loaded: the loader knows libraries by name, and the name holds
  // this number.
  int fd = -1;
  void* library = nullptr;
  tunefarm_kernel_fn run = nullptr;
  tunefarm_kernel_fn prepare = nullptr;
  size_t num_buffers = 0;
  int64_t scratch_bytes_per_worker = 0;
};

namespace {

absl::Status FillMemoryFile(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0) {
      return absl::InternalError(absl::StrFormat("writing a kernel of %d bytes to memory: %s",
                                                 bytes.size(), std::strerror(errno)));
    }
    done += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<tunefarm_kernel_fn> FindEntry(void* library, const std::string& symbol) {
  void* entry = dlsym(library, symbol.c_str());
  if (entry == nullptr) {
    return absl::InternalError(absl::StrFormat("kernel has no entry %s", symbol));
  }
  return reinterpret_cast<tunefarm_kernel_fn>(entry);
}

}  // namespace

LoadedKernel::LoadedKernel(std::unique_ptr<State> state) : state_(std::move(state)) {}
LoadedKernel::LoadedKernel(LoadedKernel&&) noexcept = default;
LoadedKernel& LoadedKernel::operator=(LoadedKernel&&) noexcept = default;
LoadedKernel::~LoadedKernel() = default;

tunefarm_kernel_fn LoadedKernel::run() const { return state_->run; }
tunefarm_kernel_fn LoadedKernel::prepare() const { return state_->prepare; }
int64_t LoadedKernel::scratch_bytes_per_worker() const { return state_->scratch_bytes_per_worker; }

absl::StatusOr<LoadedKernel> LoadedKernel::Load(const Artifact& artifact) {
  if (artifact.abi_version != TUNEFARM_KERNEL_ABI_VERSION) {
    return absl::FailedPreconditionError(
        absl::StrFormat("kernel %s has ABI version %d, this process %d", artifact.run_symbol,
                        artifact.abi_version, TUNEFARM_KERNEL_ABI_VERSION));
  }
  if (artifact.shared.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("kernel %s was built for a machine without a loader", artifact.run_symbol));
  }
  auto state = std::make_unique<State>();
  state->fd = memfd_create("tunefarm-kernel", MFD_CLOEXEC);
  if (state->fd < 0) {
    return absl::InternalError(absl::StrFormat("memfd_create: %s", std::strerror(errno)));
  }
  TUNEFARM_RETURN_IF_ERROR(FillMemoryFile(state->fd, artifact.shared));
  const std::string path = absl::StrFormat("/proc/self/fd/%d", state->fd);
  state->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (state->library == nullptr) {
    return absl::InternalError(
        absl::StrFormat("loading kernel %s: %s", artifact.run_symbol, dlerror()));
  }
  TUNEFARM_ASSIGN_OR_RETURN(state->run, FindEntry(state->library, artifact.run_symbol));
  if (!artifact.prepare_symbol.empty()) {
    TUNEFARM_ASSIGN_OR_RETURN(state->prepare, FindEntry(state->library, artifact.prepare_symbol));
  }
  state->num_buffers = artifact.buffers.size();
  state->scratch_bytes_per_worker = artifact.scratch_bytes_per_worker;
  return LoadedKernel(std::move(state));
}

absl::Status LoadedKernel::Run(std::span<void* const> buffers, int num_threads) const {
  return Call(state_->run, buffers, num_threads);
}

absl::Status LoadedKernel::Prepare(std::span<void* const> buffers, int num_threads) const {
  if (state_->prepare == nullptr) return absl::OkStatus();
  return Call(state_->prepare, buffers, num_threads);
}

absl::Status LoadedKernel::Call(tunefarm_kernel_fn entry, std::span<void* const> buffers,
                                int num_threads) const {
  if (num_threads < 1 || buffers.size() != state_->num_buffers) {
    return absl::InvalidArgumentError(
        absl::StrFormat("kernel takes %d buffers and at least 1 thread, not %d and %d",
                        state_->num_buffers, buffers.size(), num_threads));
  }
  for (const void* buffer : buffers) {
    if (reinterpret_cast<uintptr_t>(buffer) % TUNEFARM_BUFFER_ALIGNMENT_BYTES != 0) {
      return absl::InvalidArgumentError(absl::StrFormat("buffer at %p is not aligned to %d bytes",
                                                        buffer, TUNEFARM_BUFFER_ALIGNMENT_BYTES));
    }
  }
  std::unique_ptr<void, FreeDeleter> scratch;
  if (state_->scratch_bytes_per_worker > 0) {
    scratch.reset(std::aligned_alloc(
        TUNEFARM_BUFFER_ALIGNMENT_BYTES,
        static_cast<size_t>(state_->scratch_bytes_per_worker) * static_cast<size_t>(num_threads)));
  }
  tunefarm_parallel parallel = {RunOnThreads, &num_threads, num_threads};
  const int32_t result =
      entry(buffers.data(), scratch.get(), num_threads == 1 ? nullptr : &parallel);
  if (result == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("kernel returned %d", result));
}

}  // namespace tunefarm::compiler
