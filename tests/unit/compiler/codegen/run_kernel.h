// Compiles functions of the IR and runs them on this machine, beside the interpreter.
#ifndef TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_RUN_KERNEL_H_
#define TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_RUN_KERNEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/artifact/load.h"
#include "compiler/ir/nodes.h"
#include "compiler/lower/lowered_kernel.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

using Bytes = std::vector<uint8_t>;

// The targets whose code this machine can run: every known name, and x86 without any vector
// extension beyond SSE2.
std::vector<Target> RunnableTargets();

// A kernel of this one entry; every parameter counts as an input.
LoweredKernel KernelOf(Function function);

// Reads IR text (ir/print.h). Aborts the test program on an error.
Function Parse(const std::string& text);

// A compiled function, to be called many times.
class CompiledFunction {
 public:
  static absl::StatusOr<CompiledFunction> Compile(const Function& function, const Target& target);
  // The buffers after a call on copies of `buffers`. Fails too if bytes beside a buffer have
  // changed.
  absl::StatusOr<std::vector<Bytes>> Run(const std::vector<Bytes>& buffers, int num_threads) const;

 private:
  explicit CompiledFunction(LoadedKernel kernel) : kernel_(std::move(kernel)) {}
  LoadedKernel kernel_;
};

// Compiles and runs once.
absl::StatusOr<std::vector<Bytes>> RunCompiled(const Function& function, const Target& target,
                                               const std::vector<Bytes>& buffers,
                                               int num_threads = 1);
absl::StatusOr<std::vector<Bytes>> RunInterpreted(const Function& function,
                                                  std::vector<Bytes> buffers);

// One buffer per parameter. Floats are small multiples of 1/8, integers run over their whole range.
std::vector<Bytes> RandomBuffers(const Function& function, uint64_t seed);

// Runs `text` on random data on every runnable target, with 1 and 3 threads, and expects the
// interpreter's results: to the bit for integers, within `tolerance` relative to the larger of 1
// and the value for floats.
void ExpectAgrees(const std::string& text, double tolerance = 0);

template <typename T>
Bytes ToBytes(const std::vector<T>& values) {
  const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
  return Bytes(begin, begin + values.size() * sizeof(T));
}

template <typename T>
std::vector<T> FromBytes(const Bytes& bytes) {
  const auto* begin = reinterpret_cast<const T*>(bytes.data());
  return std::vector<T>(begin, begin + bytes.size() / sizeof(T));
}

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_TESTS_UNIT_COMPILER_CODEGEN_RUN_KERNEL_H_
