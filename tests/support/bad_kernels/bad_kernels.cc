#include "tests/support/bad_kernels/bad_kernels.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"
#include "device_agent/sandbox/machine.h"
#include "proto/tensor_fill.h"
#include "tests/support/bad_kernels/add.h"

namespace tunefarm::device_agent {
namespace {

constexpr uint64_t kSeed = 42;
constexpr tunefarm_fill kFill = {.low = -16, .high = 15, .scale = 1.0f / 16};

void AddBuffer(const std::string& name, v1::BufferRole role, v1::KernelSignature* signature) {
  v1::Buffer* buffer = signature->add_buffers();
  buffer->set_name(name);
  buffer->set_role(role);
  buffer->set_data_type(v1::DATA_TYPE_F32);
  buffer->set_num_elems(NUM_ELEMS);
  if (role == v1::BUFFER_ROLE_INPUT || role == v1::BUFFER_ROLE_CONSTANT) {
    buffer->mutable_fill()->set_low(kFill.low);
    buffer->mutable_fill()->set_high(kFill.high);
    buffer->mutable_fill()->set_scale(kFill.scale);
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  TUNEFARM_CHECK(file.good(), "test kernel is missing: " + path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

std::string TestTriple() { return absl::StrFormat("%s-unknown-linux-gnu", kMachine.name); }

MeasureRequest AddRequest() {
  std::vector<float> sums(NUM_ELEMS);
  for (uint64_t i = 0; i < sums.size(); ++i) {
    sums[i] = tunefarm_fill_float(&kFill, kSeed, BUFFER_A, i) +
              tunefarm_fill_float(&kFill, kSeed, BUFFER_B, i);
  }
  const std::string bytes(reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(float));

  MeasureRequest request;
  request.timing.set_num_warmup_runs(1);
  request.timing.set_num_samples(1);
  request.timing.set_timeout_ns(10'000'000'000u);
  request.verification.set_seed(kSeed);
  v1::ExpectedOutput* expected = request.verification.add_expected();
  expected->set_buffer(BUFFER_OUT);
  expected->set_digest(base::Sha256Hex(bytes));
  request.blobs[expected->digest()] = std::make_shared<const std::string>(bytes);
  return request;
}

v1::Candidate CandidateFrom(const std::string& object, const std::string& symbol, uint64_t id,
                            const std::string& prepare) {
  v1::Candidate candidate;
  candidate.set_candidate_id(id);
  v1::Kernel* kernel = candidate.mutable_kernel();
  kernel->set_elf(ReadFile(absl::StrFormat("%s/%s.so", TUNEFARM_BAD_KERNELS_DIR, object)));
  kernel->set_digest(base::Sha256Hex(kernel->elf()));
  kernel->set_triple(TestTriple());
  v1::KernelSignature* signature = kernel->mutable_signature();
  signature->set_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  AddBuffer("a", v1::BUFFER_ROLE_INPUT, signature);
  AddBuffer("b", v1::BUFFER_ROLE_CONSTANT, signature);
  AddBuffer("twice_b", v1::BUFFER_ROLE_PACKED, signature);
  AddBuffer("out", v1::BUFFER_ROLE_OUTPUT, signature);
  signature->set_run_symbol(symbol);
  signature->set_prepare_symbol(prepare);
  return candidate;
}

v1::TrackerMessage AddAssignment(const std::vector<v1::Candidate>& candidates) {
  const MeasureRequest request = AddRequest();
  v1::TrackerMessage message;
  v1::Assignment* assignment = message.mutable_assignment();
  assignment->set_assignment_id(1);
  assignment->set_epoch(1);
  for (const v1::Candidate& candidate : candidates) *assignment->add_candidates() = candidate;
  *assignment->mutable_timing() = request.timing;
  *assignment->mutable_verification() = request.verification;
  return message;
}

v1::TrackerMessage ExpectedAdd() {
  v1::TrackerMessage message;
  for (const auto& [digest, bytes] : AddRequest().blobs) {
    v1::Blob* blob = message.mutable_blobs()->add_blobs();
    blob->set_digest(digest);
    blob->set_data(*bytes);
  }
  return message;
}

}  // namespace tunefarm::device_agent
