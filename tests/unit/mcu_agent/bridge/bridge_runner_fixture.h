// A bridge runner between a measure request and a fake board that goes wrong where it is told.
#ifndef TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_FIXTURE_H_
#define TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "mcu_agent/bridge/bridge_runner.h"
#include "proto/kernel_abi.h"
#include "spdlog/spdlog.h"
#include "tests/support/arm_elf.h"
#include "tests/support/fake_board.h"
#include "tests/support/program.h"
#include "tests/unit/mcu_agent/bridge/test_board.h"

namespace tunefarm::mcu_agent {

inline constexpr char kTriple[] = "thumbv7em-none-unknown-eabihf";
inline constexpr uint32_t kOutputElems = 64;

using ::tunefarm::testing::ArmElf;
using ::tunefarm::testing::FakeBoard;
using ::tunefarm::testing::FakeControl;
using ::tunefarm::testing::FakeKernel;
using ::tunefarm::testing::TempFolder;
using ::tunefarm::testing::WaitingClock;

class BridgeRunnerTest : public ::testing::Test {
 protected:
  explicit BridgeRunnerTest(const BoardMap& board = TestBoard())
      : board_(board), fake_(board_), pace_(clock_.pace()), control_(&board_, &fake_, &pace_) {
    spdlog::set_level(spdlog::level::off);
    request_.timing.set_num_samples(3);
    request_.timing.set_timeout_ns(1'000'000'000);
    request_.verification.set_seed(1);
    Expect(v1::DATA_TYPE_S8, std::string(kOutputElems, '\x11'));
  }

  void Expect(v1::DataType type, const std::string& output) {
    type_ = type;
    fake_.SetExpected(output);
    const std::string digest = base::Sha256Hex(output);
    request_.blobs[digest] = std::make_shared<const std::string>(output);
    request_.verification.clear_expected();
    v1::ExpectedOutput* expected = request_.verification.add_expected();
    expected->set_buffer(2);
    expected->set_digest(digest);
    if (type == v1::DATA_TYPE_F32) expected->set_absolute_tolerance(1e-3);
  }

  void AddBuffer(const char* name, v1::BufferRole role, v1::DataType type, uint64_t num_elems,
                 v1::KernelSignature* signature) {
    v1::Buffer* buffer = signature->add_buffers();
    buffer->set_name(name);
    buffer->set_role(role);
    buffer->set_data_type(type);
    buffer->set_num_elems(num_elems);
    if (role == v1::BUFFER_ROLE_OUTPUT || role == v1::BUFFER_ROLE_PACKED) return;
    buffer->mutable_fill()->set_low(-8);
    buffer->mutable_fill()->set_high(7);
    buffer->mutable_fill()->set_scale(0.5F);
  }

  // A candidate whose kernel does `what`; `variant` makes its bytes, and its time, its own.
  void Add(FakeKernel what, uint8_t variant = 0, size_t image_bytes = 64,
           const std::string& code_memory = "") {
    ArmElf elf;
    if (!code_memory.empty()) elf.code_section += "." + code_memory;
    elf.text = std::string(image_bytes, '\0');
    elf.text[0] = static_cast<char>(what);
    elf.text[1] = static_cast<char>(variant);
    v1::Candidate candidate;
    candidate.set_candidate_id(request_.candidates.size() + 1);
    v1::Kernel* kernel = candidate.mutable_kernel();
    kernel->set_elf(elf.Build());
    kernel->set_digest(base::Sha256Hex(kernel->elf()));
    kernel->set_triple(kTriple);
    v1::KernelSignature* signature = kernel->mutable_signature();
    signature->set_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
    signature->set_run_symbol("kernel");
    AddBuffer("in", v1::BUFFER_ROLE_INPUT, type_, 100, signature);
    AddBuffer("w", v1::BUFFER_ROLE_CONSTANT, type_, 30, signature);
    AddBuffer("out", v1::BUFFER_ROLE_OUTPUT, type_,
              type_ == v1::DATA_TYPE_F32 ? kOutputElems / 4 : kOutputElems, signature);
    request_.candidates.push_back(std::move(candidate));
  }

  BridgeRunner& runner() {
    if (!runner_) {
      options_.triple = kTriple;
      options_.has_power_hook = true;
      quarantine_ = *QuarantineList::Open(folder_.File("quarantine"));
      runner_.emplace(options_, &board_, &control_, quarantine_.get(), &pace_);
    }
    return *runner_;
  }

  absl::Status Run(std::stop_token stop = {}) {
    results_.clear();
    return runner().Run(request_, stop, [this](v1::MeasureResult result) {
      const uint64_t id = result.candidate_id();
      EXPECT_TRUE(results_.emplace(id, std::move(result)).second) << id << " has two results";
    });
  }

  std::vector<v1::Outcome> Outcomes() const {
    std::vector<v1::Outcome> outcomes;
    for (const auto& [id, result] : results_) outcomes.push_back(result.outcome());
    return outcomes;
  }

  BoardMap board_;
  WaitingClock clock_;
  FakeBoard fake_;
  Pace pace_;
  FakeControl control_;
  TempFolder folder_;
  BridgeOptions options_;
  std::unique_ptr<QuarantineList> quarantine_;
  std::optional<BridgeRunner> runner_;
  v1::DataType type_ = v1::DATA_TYPE_S8;
  device_agent::MeasureRequest request_;
  std::map<uint64_t, v1::MeasureResult> results_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_TESTS_UNIT_MCU_AGENT_BRIDGE_BRIDGE_RUNNER_FIXTURE_H_
