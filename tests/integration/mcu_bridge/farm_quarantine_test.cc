// Two boards of one kind in a farm, with the real tracker, agents, OpenOCD and QEMU: a kernel that
// takes one of them down is never sent to the other, not even by a tracker that was started since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "proto/kernel_abi.h"
#include "proto/tensor_fill.h"
#include "tests/integration/mcu_agent/thumb_kernels.h"
#include "tests/support/arm_elf.h"
#include "tests/support/mcu_farm/farm_client.h"
#include "tests/support/mcu_farm/missing_programs.h"
#include "tests/support/program.h"
#include "tests/support/status_matchers.h"

namespace tunefarm {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::FarmClient;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::Program;
using ::tunefarm::testing::RunProgram;
using ::tunefarm::testing::TempFolder;
using ::tunefarm::testing::TrackerProcess;

constexpr uint32_t kElems = 64;
constexpr uint64_t kSeed = 42;
constexpr uint64_t kTimeoutNs = 200'000'000;

// A debugger halts the core at it: nothing on the board moves on until the bridge resets it.
const mcu_agent::ThumbCode kBreakpoint = {0xBE00, 0xE7FE};  // bkpt #0; b .

v1::Kernel KernelOf(const mcu_agent::ThumbCode& code) {
  testing::ArmElf elf;
  elf.text.assign(reinterpret_cast<const char*>(code.data()), code.size() * sizeof(code[0]));
  v1::Kernel kernel;
  kernel.set_elf(elf.Build());
  kernel.set_digest(base::Sha256Hex(kernel.elf()));
  kernel.set_triple("thumbv7em-none-unknown-eabihf");
  v1::KernelSignature* signature = kernel.mutable_signature();
  signature->set_abi_version(TUNEFARM_KERNEL_ABI_VERSION);
  signature->set_run_symbol("kernel");
  for (const v1::BufferRole role : {v1::BUFFER_ROLE_INPUT, v1::BUFFER_ROLE_OUTPUT}) {
    v1::Buffer* buffer = signature->add_buffers();
    buffer->set_name(role == v1::BUFFER_ROLE_INPUT ? "in" : "out");
    buffer->set_role(role);
    buffer->set_data_type(v1::DATA_TYPE_S8);
    buffer->set_num_elems(kElems);
  }
  v1::Fill* fill = signature->mutable_buffers(0)->mutable_fill();
  fill->set_low(-100);
  fill->set_high(100);
  fill->set_scale(1);
  return kernel;
}

// What kIncrement writes.
v1::Blob Incremented() {
  const tunefarm_fill fill = {-100, 100, 1};
  v1::Blob blob;
  for (uint32_t i = 0; i < kElems; ++i) {
    blob.mutable_data()->push_back(
        static_cast<char>(tunefarm_fill_integer(&fill, kSeed, 0, i) + 1));
  }
  blob.set_digest(base::Sha256Hex(blob.data()));
  return blob;
}

class FarmQuarantineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = testing::MissingForEmulatedBoards();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  // An agent of a board called `name`, which remembers in a folder of its own.
  std::vector<std::string> AgentOf(const std::string& name) const {
    return {
        "--board",     "emulated:mps2-an500", "--name",      name,  "--tracker",        address_,
        "--state-dir", folder_.File(name),    "--log-level", "off", "--die-with-parent"};
  }

  void StartTracker() {
    tracker_.reset();
    tracker_ = std::make_unique<TrackerProcess>();
    address_ = tracker_->address();
    ASSERT_THAT(FarmClient(address_).Put(expected_), IsOk());
  }

  // A good kernel and the one that takes boards down, on that board.
  void Measure(const std::string& device) {
    v1::SubmitRequest request;
    request.set_owner("test");
    request.mutable_requirement()->set_name(device);
    request.mutable_timing()->set_num_samples(2);
    request.mutable_timing()->set_timeout_ns(kTimeoutNs);
    request.mutable_verification()->set_seed(kSeed);
    v1::ExpectedOutput* expected = request.mutable_verification()->add_expected();
    expected->set_buffer(1);
    expected->set_digest(expected_.digest());
    for (const mcu_agent::ThumbCode& code : {mcu_agent::kIncrement, kBreakpoint}) {
      v1::Candidate* candidate = request.add_candidates();
      candidate->set_candidate_id(static_cast<uint64_t>(request.candidates_size()));
      *candidate->mutable_kernel() = KernelOf(code);
    }
    ASSERT_THAT(FarmClient(address_).Measure(request, absl::Minutes(1),
                                             [this](const v1::MeasureResult& result) {
                                               (result.candidate_id() == 1 ? good_ : bad_) = result;
                                             }),
                IsOk());
    ASSERT_EQ(good_.outcome(), v1::OUTCOME_OK) << good_.error();
  }

  const TempFolder folder_;
  const v1::Blob expected_ = Incremented();
  std::unique_ptr<TrackerProcess> tracker_;
  std::string address_;
  v1::MeasureResult good_, bad_;
};

TEST_F(FarmQuarantineTest, KernelThatTookOneBoardDownIsNeverSentToTheOther) {
  StartTracker();
  {
    Program first("tuner-mcu-agent", AgentOf("first"));
    Program second("tuner-mcu-agent", AgentOf("second"));
    EXPECT_THAT(first.ReadLine(), HasSubstr("connected"));
    EXPECT_THAT(second.ReadLine(), HasSubstr("connected"));
    Measure("first");
    EXPECT_EQ(bad_.outcome(), v1::OUTCOME_TIMEOUT);
    EXPECT_EQ(bad_.device(), "first");
    EXPECT_THAT(bad_.took_board_down(), HasSubstr("made no progress for"));
    Measure("second");
    EXPECT_EQ(bad_.outcome(), v1::OUTCOME_CRASHED);
    EXPECT_EQ(bad_.phase(), "dispatch") << "it was not sent at all";
    EXPECT_THAT(bad_.error(), HasSubstr("this kernel took a mps2-an500 down before"));
    // Where people look: for every board of the kind.
    const auto list = RunProgram("tuner", {"device", "list", "--tracker", address_});
    EXPECT_THAT(list.out, HasSubstr("idle; 1 kernel quarantined")) << list.err;
    const auto show = RunProgram("tuner", {"device", "show", "second", "--tracker", address_,
                                           "--db", folder_.File("none.db")});
    EXPECT_THAT(show.out,
                HasSubstr("quarantined  kernel " + KernelOf(kBreakpoint).digest().substr(0, 12)))
        << show.err;
    EXPECT_THAT(show.out, HasSubstr("made no progress for"));
  }
  // The board that learnt it is gone for good and the tracker is a new one: the other board's agent
  // was told, and tells.
  StartTracker();
  {
    Program second("tuner-mcu-agent", AgentOf("second"));
    EXPECT_THAT(second.ReadLine(), HasSubstr("connected"));
    Measure("second");
    EXPECT_EQ(bad_.phase(), "dispatch") << bad_.error();
  }
  std::vector<std::string> consenting = AgentOf("second");
  consenting.push_back("--run-quarantined");
  Program second("tuner-mcu-agent", consenting);
  EXPECT_THAT(second.ReadLine(), HasSubstr("connected"));
  Measure("second");
  EXPECT_EQ(bad_.outcome(), v1::OUTCOME_TIMEOUT) << bad_.error();
  EXPECT_THAT(bad_.error(), HasSubstr("took the board down"));
}

}  // namespace
}  // namespace tunefarm
