#include "tests/unit/compiler/codegen/run_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "base/status.h"
#include "compiler/artifact/artifact.h"
#include "compiler/ir/interpret.h"
#include "compiler/ir/parse.h"
#include "compiler/target/host.h"

namespace tunefarm::compiler {
namespace {

constexpr char kPlainX86[] = "triple=x86_64-unknown-linux-gnu,cpu=x86-64,features=";
constexpr size_t kGuardBytes = 64;
constexpr uint8_t kGuard = 0xC7;

// A 64-byte aligned copy of a buffer between guard bytes.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(const Bytes& bytes)
      : size_(bytes.size()),
        memory_(static_cast<uint8_t*>(std::aligned_alloc(64, Total(bytes.size()))), &std::free) {
    std::memset(memory_.get(), kGuard, Total(size_));
    std::memcpy(data(), bytes.data(), size_);
  }

  uint8_t* data() { return memory_.get() + kGuardBytes; }
  Bytes Copy() { return Bytes(data(), data() + size_); }
  bool guards_intact() const {
    const uint8_t* memory = memory_.get();
    const auto intact = [](uint8_t byte) { return byte == kGuard; };
    return std::all_of(memory, memory + kGuardBytes, intact) &&
           std::all_of(memory + kGuardBytes + size_, memory + Total(size_), intact);
  }

 private:
  static size_t Total(size_t size) { return (size + 63) / 64 * 64 + 2 * kGuardBytes; }

  size_t size_;
  std::unique_ptr<uint8_t, decltype(&std::free)> memory_;
};

int32_t RandomInteger(DType dtype, base::Rng& rng) {
  const uint64_t bits = rng();
  if (dtype == DType::kS8) return static_cast<int8_t>(bits);
  if (dtype == DType::kS16) return static_cast<int16_t>(bits);
  return static_cast<int32_t>(bits);
}

Bytes RandomBytes(const BufferNode& buffer, base::Rng& rng) {
  const size_t elem_bytes = static_cast<size_t>(SizeBytes(buffer.dtype));
  Bytes bytes(static_cast<size_t>(buffer.num_elems()) * elem_bytes);
  for (size_t at = 0; at < bytes.size(); at += elem_bytes) {
    if (buffer.dtype == DType::kF32) {
      const float value = (static_cast<float>(rng.Below(256)) - 128) / 8;
      std::memcpy(&bytes[at], &value, sizeof(value));
    } else {
      const int64_t value = RandomInteger(buffer.dtype, rng);
      std::memcpy(&bytes[at], &value, elem_bytes);
    }
  }
  return bytes;
}

void ExpectFloatsNear(const Bytes& got, const Bytes& want, double tolerance,
                      const std::string& what) {
  const std::vector<float> a = FromBytes<float>(got);
  const std::vector<float> b = FromBytes<float>(want);
  for (size_t i = 0; i < b.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    ASSERT_LE(std::abs(double{a[i]} - b[i]), tolerance * std::max(1.0, std::abs(double{b[i]})))
        << what << ", element " << i << ": got " << a[i] << ", want " << b[i];
  }
}

void ExpectSame(const Function& function, const std::vector<Bytes>& got,
                const std::vector<Bytes>& want, double tolerance, const std::string& how) {
  for (size_t i = 0; i < want.size(); ++i) {
    const std::string what = how + ", buffer " + function.params[i]->name;
    if (function.params[i]->dtype == DType::kF32) {
      ExpectFloatsNear(got[i], want[i], tolerance, what);
    } else {
      EXPECT_EQ(got[i], want[i]) << what;
    }
  }
}

}  // namespace

std::vector<Target> RunnableTargets() {
  const Target host = HostTarget();
  std::vector<Target> targets;
  for (const std::string name : {"native", "x86-avx2", "x86-avx512", kPlainX86}) {
    const Target target = *ParseTarget(name);
    const bool runnable =
        std::all_of(target.features.begin(), target.features.end(),
                    [&](const std::string& feature) { return host.HasFeature(feature); });
    if (runnable && target.triple == host.triple) targets.push_back(target);
  }
  return targets;
}

LoweredKernel KernelOf(Function function) {
  LoweredKernel kernel;
  for (const Buffer& param : function.params)
    kernel.buffers.push_back({param, BufferRole::kInput, {}});
  kernel.run = std::move(function);
  return kernel;
}

Function Parse(const std::string& text) {
  absl::StatusOr<Function> function = ParseFunction(text);
  TUNEFARM_CHECK(function.ok(), base::OneLine(function.status()));
  return *function;
}

absl::StatusOr<CompiledFunction> CompiledFunction::Compile(const Function& function,
                                                           const Target& target) {
  TUNEFARM_ASSIGN_OR_RETURN(const Artifact artifact,
                            BuildArtifact(KernelOf(function), target, "kernel"));
  TUNEFARM_ASSIGN_OR_RETURN(LoadedKernel kernel, LoadedKernel::Load(artifact));
  return CompiledFunction(std::move(kernel));
}

absl::StatusOr<std::vector<Bytes>> CompiledFunction::Run(const std::vector<Bytes>& buffers,
                                                         int num_threads) const {
  std::vector<GuardedBuffer> memory(buffers.begin(), buffers.end());
  std::vector<void*> pointers;
  for (GuardedBuffer& buffer : memory) pointers.push_back(buffer.data());
  TUNEFARM_RETURN_IF_ERROR(kernel_.Run(pointers, num_threads));
  std::vector<Bytes> result;
  for (GuardedBuffer& buffer : memory) {
    if (!buffer.guards_intact()) return absl::InternalError("wrote beside a buffer");
    result.push_back(buffer.Copy());
  }
  return result;
}

absl::StatusOr<std::vector<Bytes>> RunCompiled(const Function& function, const Target& target,
                                               const std::vector<Bytes>& buffers, int num_threads) {
  TUNEFARM_ASSIGN_OR_RETURN(const CompiledFunction compiled,
                            CompiledFunction::Compile(function, target));
  return compiled.Run(buffers, num_threads);
}

absl::StatusOr<std::vector<Bytes>> RunInterpreted(const Function& function,
                                                  std::vector<Bytes> buffers) {
  std::vector<Bytes*> pointers;
  for (Bytes& buffer : buffers) pointers.push_back(&buffer);
  TUNEFARM_RETURN_IF_ERROR(Interpret(function, pointers));
  return buffers;
}

std::vector<Bytes> RandomBuffers(const Function& function, uint64_t seed) {
  base::Rng rng(seed);
  std::vector<Bytes> buffers;
  for (const Buffer& param : function.params) buffers.push_back(RandomBytes(*param, rng));
  return buffers;
}

void ExpectAgrees(const std::string& text, double tolerance) {
  const Function function = Parse(text);
  constexpr uint64_t kSeed = 20240607;
  const std::vector<Bytes> buffers = RandomBuffers(function, kSeed);
  const auto want = RunInterpreted(function, buffers);
  ASSERT_TRUE(want.ok()) << want.status();
  ASSERT_FALSE(RunnableTargets().empty());
  for (const Target& target : RunnableTargets()) {
    const auto compiled = CompiledFunction::Compile(function, target);
    ASSERT_TRUE(compiled.ok()) << Print(target) << ": " << compiled.status();
    for (int num_threads : {1, 3}) {
      const auto got = compiled->Run(buffers, num_threads);
      ASSERT_TRUE(got.ok()) << Print(target) << ": " << got.status();
      ExpectSame(function, *got, *want, tolerance,
                 absl::StrFormat("%s, %d threads", Print(target), num_threads));
    }
  }
}

}  // namespace tunefarm::compiler
