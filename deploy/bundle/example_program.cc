#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "deploy/bundle/bundle_files.h"
#include "deploy/bundle/c_reference.h"
#include "deploy/bundle/c_text.h"
#include "proto/buffer_placement.h"

namespace tunefarm::deploy {
namespace {

using compiler::Artifact;
using compiler::ArtifactBuffer;
using compiler::BufferRole;
using compiler::DType;
using compiler::Operator;

static_assert(TUNEFARM_OUTPUT_DISTANCE_BYTES == 256 && TUNEFARM_OUTPUT_PERIOD_BYTES == 512,
              "kHelpers names these figures");
constexpr char kHelpers[] =
    R"c(/* Optional. An output that begins at the same place in a block of 512 bytes as the
 * input can be slower: loads wait for stores whose addresses have the same low bits. */
#define OUTPUT_APART 256

static void* allocate(size_t bytes) {
  void* memory = aligned_alloc(512, (bytes + 511) / 512 * 512);
  if (memory == NULL) {
    fprintf(stderr, "out of memory: %zu bytes\n", bytes);
    exit(1);
  }
  return memory;
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

)c";

bool IsGiven(const ArtifactBuffer& buffer) {
  return buffer.role == BufferRole::kInput || buffer.role == BufferRole::kConstant;
}

std::string FillLoop(const Artifact& artifact, size_t position) {
  const ArtifactBuffer& buffer = artifact.buffers[position];
  const char* function =
      buffer.dtype == DType::kF32 ? "tunefarm_fill_float" : "tunefarm_fill_integer";
  // 9 digits give back every float.
  return absl::StrFormat(
      "  {\n    const tunefarm_fill fill = {%d, %d, (float)%.9g};\n"
      "    %s* data = buffers[%s];\n"
      "    for (uint64_t i = 0; i < %s; ++i) data[i] = (%s)%s(&fill, SEED, %d, i);\n  }\n",
      buffer.fill.low, buffer.fill.high, buffer.fill.scale, CType(buffer.dtype),
      MacroName(artifact.run_symbol, buffer.name),
      MacroName(artifact.run_symbol, buffer.name, "elems"), CType(buffer.dtype), function,
      position);
}

std::string Calls(const Artifact& artifact) {
  std::string text;
  if (!artifact.prepare_symbol.empty()) {
    text += absl::StrFormat(
        "  /* Once: packs the constants into the order in which the kernel reads them. */\n"
        "  if (%s(buffers, scratch, NULL) != 0) return 1;\n",
        artifact.prepare_symbol);
  }
  return text + absl::StrFormat(R"c(  /* As often as there is new input. */
  double best_ms = 1e30;
  for (int run = 0; run < 20; ++run) {
    const double start_ms = now_ms();
    if (%s(buffers, scratch, NULL) != 0) return 1;
    const double ms = now_ms() - start_ms;
    if (ms < best_ms) best_ms = ms;
  }

)c",
                                artifact.run_symbol);
}

// Calls reference() with the buffers that the kernel was called with, and compares.
std::string Check(const Operator& op, const Artifact& artifact) {
  const std::string& symbol = artifact.run_symbol;
  const std::string& out = op.output->name;
  const char* type = CType(op.output->dtype);
  return absl::StrFormat(
      R"c(  /* The same by plain loops. A kernel may add in another order than they do: hence the tolerance. */
  const %s* got = buffers[%s];
  %s* want = allocate(%s);
%s  double max_error = 0;
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < %s; ++i) {
    const double error = fabs((double)got[i] - (double)want[i]);
    if (error > max_error) max_error = error;
    if (!(error <= %.9g + %.9g * fabs((double)want[i])) && wrong++ == 0) {
      fprintf(stderr, "element %%llu is %%.9g, must be %%.9g\n", (unsigned long long)i, (double)got[i], (double)want[i]);
    }
  }
  if (wrong != 0) {
    fprintf(stderr, "wrong: %%llu of %%llu elements\n", (unsigned long long)wrong, (unsigned long long)%s);
    return 1;
  }
  printf("ok: max error %%g, fastest of 20 runs %%.4f ms\n", max_error, best_ms);
  return 0;
)c",
      type, MacroName(symbol, out), type, MacroName(symbol, out, "bytes"),
      ReferenceCall(op, artifact), MacroName(symbol, out, "elems"), op.absolute_tolerance,
      op.relative_tolerance, MacroName(symbol, out, "elems"));
}

}  // namespace

std::string BufferSetup(const Artifact& artifact, bool apart) {
  const std::string& symbol = artifact.run_symbol;
  std::string text = absl::StrFormat("  void* buffers[%s];\n", MacroName(symbol, "NUM_BUFFERS"));
  for (const ArtifactBuffer& buffer : artifact.buffers) {
    const std::string bytes = MacroName(symbol, buffer.name, "bytes");
    const std::string memory =
        apart && buffer.role == BufferRole::kOutput
            ? absl::StrFormat("(char*)allocate(OUTPUT_APART + %s) + OUTPUT_APART", bytes)
            : absl::StrFormat("allocate(%s)", bytes);
    text += absl::StrFormat("  buffers[%s] = %s;\n", MacroName(symbol, buffer.name), memory);
  }
  text += absl::StrFormat("  void* scratch = allocate(%s + 64);\n\n",
                          MacroName(symbol, "SCRATCH_BYTES_PER_WORKER"));
  text +=
      "  /* The test data that the kernel was verified with on the farm: integers times a scale. "
      "*/\n";
  for (size_t i = 0; i < artifact.buffers.size(); ++i) {
    if (IsGiven(artifact.buffers[i])) text += FillLoop(artifact, i);
  }
  return text + "\n";
}

std::string ReferenceCall(const Operator& op, const Artifact& artifact) {
  std::vector<std::string> arguments;
  for (const compiler::OperatorInput& input : op.inputs) {
    arguments.push_back(
        absl::StrFormat("buffers[%s]", MacroName(artifact.run_symbol, input.buffer->name)));
  }
  arguments.push_back("want");
  return absl::StrFormat("  reference(%s);\n", absl::StrJoin(arguments, ", "));
}

std::string ExampleProgram(const Operator& op, const Artifact& artifact) {
  return absl::StrFormat(
      R"c(/* How to call %s, and a check that it computes what it should on this machine.
 *   cc example.c libkernel.a -lm && ./a.out
 * Made by %s.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel.h"

%s
enum { SEED = 1 };

%s/* %s in plain C. */
%s
int main(void) {
%s%s%s}
)c",
      artifact.run_symbol, InComment(artifact.toolchain), kTensorFillHeader, kHelpers,
      InComment(Print(op.workload)), CReference(op, CLibrary::kHosted),
      BufferSetup(artifact, /*apart=*/true), Calls(artifact), Check(op, artifact));
}

}  // namespace tunefarm::deploy
