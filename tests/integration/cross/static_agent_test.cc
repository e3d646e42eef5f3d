// The agent as it is shipped: one file that needs nothing beside it, small enough for a phone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/cross/boards.h"
#include "tests/support/bad_kernels/bad_kernels.h"
#include "tests/support/fake_tracker.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;

using device_agent::AddAssignment;
using device_agent::CandidateFrom;
using device_agent::ExpectedAdd;
using ::testing::HasSubstr;
using tunefarm::testing::FakeTracker;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

struct Processor {
  const char* preset;
  const char* triple;  // Of its kernels.
  const char* kernel;
  const char* others_triple;  // Those of the other processor.
  const char* others_kernel;
};

constexpr const char* kArm64[] = {"aarch64-unknown-linux-gnu", "good-aarch64-linux-gnu"};
constexpr const char* kArmhf[] = {"armv7-unknown-linux-gnueabihf", "good-armv7-linux-gnueabihf"};

class StaticAgentTest : public ::testing::TestWithParam<Processor> {
 protected:
  void SetUp() override {
    found_ = FindAgent(GetParam().preset);
    if (!found_.missing.empty()) GTEST_SKIP() << found_.missing;
  }

  // As root of a namespace of its own: whoever runs the test needs no rights for it.
  static std::vector<std::string> Isolated(std::vector<std::string> command) {
    command.insert(command.begin(), {"--user", "--map-root-user", "--mount"});
    return command;
  }

  EmulatedAgent found_;
};

TEST_P(StaticAgentTest, RunsInAFolderThatHoldsNothingElse) {
  if (RunProgram("/usr/bin/unshare", Isolated({"true"})).code != 0) {
    GTEST_SKIP() << "this system gives its users no namespaces";
  }
  const TempFolder folder;
  fs::copy_file(found_.agent, folder.File("tuner-agent"));
  fs::copy_file(found_.emulator, folder.File("emulator"));
  fs::create_directory(folder.File("proc"));
  fs::create_directory(folder.File("dev"));
  std::ofstream(folder.File("dev/null"));

  FakeTracker tracker;
  Program agent("/usr/bin/unshare",
                Isolated({"sh", "-c",
                          "mount --rbind /proc \"$1/proc\" && "
                          "mount --bind /dev/null \"$1/dev/null\" && cd / && exec chroot \"$1\" "
                          "/emulator /tuner-agent --tracker \"$2\" --name box --emulator /emulator",
                          "sh", folder.path(), tracker.address()}));
  const v1::Hello hello = tracker.NextHello();
  EXPECT_EQ(hello.device().triple(), GetParam().triple) << agent.Errors();
  EXPECT_TRUE(hello.device().emulated());

  v1::Candidate good = CandidateFrom(GetParam().kernel, "run_by_table", 1);
  good.mutable_kernel()->set_triple(GetParam().triple);
  v1::Candidate other = CandidateFrom(GetParam().others_kernel, "run", 2);
  other.mutable_kernel()->set_triple(GetParam().others_triple);
  // One that lies about what it is.
  v1::Candidate disguised = other;
  disguised.set_candidate_id(3);
  disguised.mutable_kernel()->set_triple(GetParam().triple);
  tracker.Send(AddAssignment({good, other, disguised}));
  EXPECT_EQ(tracker.NextBlobRequest().digests_size(), 1);
  tracker.Send(ExpectedAdd());

  const v1::MeasureResult measured = tracker.NextResult().result();
  EXPECT_EQ(measured.outcome(), v1::OUTCOME_OK) << measured.error();
  const v1::MeasureResult foreign = tracker.NextResult().result();
  EXPECT_EQ(foreign.outcome(), v1::OUTCOME_BUILD_FAILED);
  EXPECT_THAT(foreign.error(), HasSubstr("kernel is compiled for architecture"));
  const v1::MeasureResult unmasked = tracker.NextResult().result();
  EXPECT_EQ(unmasked.outcome(), v1::OUTCOME_BUILD_FAILED);
  EXPECT_THAT(unmasked.error(), HasSubstr("-bit little-endian, as this device is"));
}

TEST_P(StaticAgentTest, IsSmall) { EXPECT_LT(fs::file_size(found_.agent), 16'000'000u); }

TEST_P(StaticAgentTest, NamesNoInterpreterAndNoLibrary) {
  const std::string listing =
      RunProgram("/usr/bin/readelf", {"--program-headers", "--dynamic", found_.agent}).out;
  EXPECT_THAT(listing, HasSubstr("LOAD"));
  EXPECT_THAT(listing, ::testing::Not(HasSubstr("INTERP")));
  EXPECT_THAT(listing, ::testing::Not(HasSubstr("NEEDED")));
}

INSTANTIATE_TEST_SUITE_P(
    Processors, StaticAgentTest,
    ::testing::Values(Processor{"arm64", kArm64[0], kArm64[1], kArmhf[0], kArmhf[1]},
                      Processor{"armhf", kArmhf[0], kArmhf[1], kArm64[0], kArm64[1]}),
    [](const auto& info) { return std::string(info.param.preset); });

}  // namespace
}  // namespace tunefarm
