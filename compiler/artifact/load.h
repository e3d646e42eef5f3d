// Loads an artifact into this process and calls it: for tests and in-process benchmarks. Agents
// never do this: they run kernels in a process of their own.
#ifndef TUNEFARM_COMPILER_ARTIFACT_LOAD_H_
#define TUNEFARM_COMPILER_ARTIFACT_LOAD_H_

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"
#include "proto/kernel_abi.h"

namespace tunefarm::compiler {

// A kernel in memory. Movable; its entries are valid as long as it lives. Calls from several
// threads are independent.
class LoadedKernel {
 public:
  // Errors: kFailedPrecondition (another ABI version, nothing to load), kInternal (the loader's
  // words).
  static absl::StatusOr<LoadedKernel> Load(const Artifact& artifact);

  LoadedKernel(LoadedKernel&&) noexcept;
  LoadedKernel& operator=(LoadedKernel&&) noexcept;
  ~LoadedKernel();

  // The bare entries, to be timed; prepare is null if there is nothing to prepare.
  tunefarm_kernel_fn run() const;
  tunefarm_kernel_fn prepare() const;
  int64_t scratch_bytes_per_worker() const;

  // Calls the entry with scratch memory and `num_threads` workers (1: no parallel_for is offered).
  // `buffers`: one pointer per buffer of the artifact, of its size and 64-byte aligned. Prepare of
  // a kernel without it does nothing. Errors: kInvalidArgument (count, alignment, num_threads < 1),
  // kInternal (the kernel's result is not 0).
  absl::Status Run(std::span<void* const> buffers, int num_threads = 1) const;
  absl::Status Prepare(std::span<void* const> buffers, int num_threads = 1) const;

 private:
  struct State;
  explicit LoadedKernel(std::unique_ptr<State> state);
  absl::Status Call(tunefarm_kernel_fn entry, std::span<void* const> buffers,
                    int num_threads) const;

  std::unique_ptr<State> state_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_ARTIFACT_LOAD_H_
