// deploy/android/run-agent.sh with an adb that runs the phone's commands here (fake_phone/adb), a
// real agent and a tracker that the test plays: what happens to the agent when the cable is pulled,
// when it dies, when it is replaced.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/fake_tracker.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::FakeTracker;
using tunefarm::testing::Program;
using tunefarm::testing::TempFolder;

constexpr char kFakePhone[] = TUNEFARM_SOURCE_DIR "/tests/integration/cross/fake_phone";
constexpr char kScript[] = TUNEFARM_SOURCE_DIR "/deploy/android/run-agent.sh";
constexpr char kAgent[] = TUNEFARM_SOURCE_DIR "/build/amd64/bin/tuner-agent";

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

class PhoneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // The phone's own would not run here; this one is its twin for this machine.
    if (!fs::exists(kAgent)) GTEST_SKIP() << "no " << kAgent << ": deploy/build.sh amd64 makes it";
    setenv("PATH", (std::string(kFakePhone) + ":" + getenv("PATH")).c_str(), 1);
    setenv("FAKE_PHONE", state_.path().c_str(), 1);
    setenv("TUNEFARM_PHONE_FOLDER", phone_.path().c_str(), 1);
    cable_ = open(state_.File("cable").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  }
  void TearDown() override {
    // Also where an expectation failed: the agent has a session of its own.
    std::ifstream file(phone_.File("agent.pid"));
    pid_t agent = 0;
    if (file >> agent) kill(agent, SIGKILL);
    close(cable_);
  }

  std::vector<std::string> Arguments() const {
    return {"--agent", kAgent, "--tracker-port", std::to_string(tracker_.port())};
  }

  // What a pull of the cable does to adb: running shells end, further commands fail.
  void PullCable() {
    ASSERT_EQ(flock(cable_, LOCK_EX), 0);
    std::ifstream shells(state_.File("shells"));
    for (pid_t shell; shells >> shell;) kill(-shell, SIGKILL);
  }
  void PlugCable() { ASSERT_EQ(flock(cable_, LOCK_UN), 0); }

  pid_t AgentPid() {
    pid_t agent = 0;
    std::ifstream(phone_.File("agent.pid")) >> agent;
    return agent;
  }

  static std::string NextLine(Program& script, const std::string& text) {
    for (std::string line = script.ReadLine(); !line.empty(); line = script.ReadLine()) {
      if (line.find(text) != std::string::npos) return line;
    }
    return "the script ended: " + script.Errors();
  }

  const TempFolder state_, phone_;
  FakeTracker tracker_;
  int cable_ = -1;
};

TEST_F(PhoneTest, AgentOutlivesAPullOfTheCable) {
  Program script(kScript, Arguments());
  EXPECT_EQ(tracker_.NextHello().device().name(), "Fake-Phone-5-lab");
  EXPECT_THAT(NextLine(script, "agent started"), HasSubstr("Fake-Phone-5-lab"));
  const pid_t agent = AgentPid();

  PullCable();
  EXPECT_THAT(NextLine(script, "cable is out"), HasSubstr("the agent goes on"));
  EXPECT_EQ(kill(agent, 0), 0);
  PlugCable();
  // The way to the tracker is gone with the cable: it is laid again, the agent is left alone.
  EXPECT_THAT(NextLine(script, "agent running"), HasSubstr("Fake-Phone-5-lab"));
  EXPECT_EQ(AgentPid(), agent);
  const std::string calls = Read(state_.File("calls"));
  const std::string reverse = "reverse tcp:" + std::to_string(tracker_.port());
  EXPECT_NE(calls.find(reverse), calls.rfind(reverse));

  script.Signal(SIGTERM);
  EXPECT_EQ(script.Wait(), 0);
  EXPECT_FALSE(fs::exists(phone_.File("agent.pid")));
  EXPECT_THAT(Read(state_.File("calls")), HasSubstr("reverse --remove"));
}

TEST_F(PhoneTest, AgentThatEndedIsStartedAgain) {
  Program script(kScript, Arguments());
  EXPECT_EQ(tracker_.NextHello().device().name(), "Fake-Phone-5-lab");
  EXPECT_THAT(NextLine(script, "agent started"), HasSubstr("tracker at port"));
  kill(AgentPid(), SIGKILL);
  EXPECT_THAT(NextLine(script, "has ended"), HasSubstr("its last words"));
  EXPECT_THAT(NextLine(script, "agent started"), HasSubstr("tracker at port"));
  EXPECT_EQ(tracker_.NextHello().device().name(), "Fake-Phone-5-lab");
}

TEST_F(PhoneTest, AgentOfAnotherVersionIsReplaced) {
  std::ofstream(phone_.File("tuner-agent")) << "an old one";
  Program script(kScript, Arguments());
  EXPECT_THAT(NextLine(script, "copying"), HasSubstr("tuner-agent to the phone"));
  EXPECT_EQ(tracker_.NextHello().device().name(), "Fake-Phone-5-lab");
  EXPECT_EQ(fs::file_size(phone_.File("tuner-agent")), fs::file_size(kAgent));
}

TEST_F(PhoneTest, OptionsReachTheAgent) {
  std::vector<std::string> arguments = Arguments();
  for (const char* word : {"--name", "bench", "--", "--tag", "lab=a b"}) arguments.push_back(word);
  Program script(kScript, arguments);
  const v1::Hello hello = tracker_.NextHello();
  EXPECT_EQ(hello.device().name(), "bench");
  EXPECT_EQ(hello.device().tags().at("lab"), "a b");
}

}  // namespace
}  // namespace tunefarm
