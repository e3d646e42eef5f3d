// Agents that are replaced by newer ones: the real agent, tracker and command line, with the same
// agent linked as the next version as its successor (tuner-agent-next).
#include "base/agent_update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/hash.h"
#include "device_agent/sandbox/machine.h"
#include "tests/support/fake_tracker.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::FakeTracker;
using tunefarm::testing::Finished;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

constexpr char kNextAgent[] = TUNEFARM_NEXT_AGENT;
constexpr char kNextVersion[] = "0.99.0";

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

class AgentUpdateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(MakeKey("update"), 0);
    fs::create_directory(folder_.File("state"));
  }

  int MakeKey(const std::string& name) {
    const int code = RunProgram("/usr/bin/openssl", {"genpkey", "-algorithm", "ed25519", "-out",
                                                     folder_.File(name + ".key")})
                         .code;
    return code + RunProgram("/usr/bin/openssl", {"pkey", "-in", folder_.File(name + ".key"),
                                                  "-pubout", "-out", folder_.File(name + ".pub")})
                      .code;
  }

  std::vector<std::string> Arguments(const std::string& tracker) const {
    return {"--tracker",    tracker,
            "--name",       "bench",
            "--state-dir",  folder_.File("state"),
            "--update-key", folder_.File("update.pub")};
  }

  // Signed as it should be; tests break what they are about.
  v1::UpdateAgent Update(const std::string& executable, const std::string& version) {
    v1::UpdateAgent update;
    update.set_version(version);
    update.set_machine(device_agent::kMachine.name);
    update.set_executable(executable);
    update.set_digest(base::Sha256Hex(executable));
    Sign(&update);
    return update;
  }
  void Sign(v1::UpdateAgent* update, const std::string& key = "update") {
    update->set_signature(*base::Sign(
        {.version = update->version(), .machine = update->machine(), .digest = update->digest()},
        Read(folder_.File(key + ".key"))));
  }

  // What the agent says to an update.
  static std::string Word(FakeTracker& tracker, const v1::UpdateAgent& update) {
    v1::TrackerMessage message;
    *message.mutable_update() = update;
    tracker.Send(message);
    const std::optional<v1::AgentMessage> answer = tracker.Next();
    if (!answer || !answer->has_update_report()) return "no report";
    EXPECT_EQ(answer->update_report().digest(), update.digest());
    return answer->update_report().error();
  }

  // Every file below the agent's folder.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.File("state"))) {
      if (!entry.is_directory() || entry.is_symlink()) files.push_back(entry.path().filename());
    }
    return files;
  }

  const TempFolder folder_;
};

TEST_F(AgentUpdateTest, AgentBecomesTheNewerOneAndStaysItAcrossARestart) {
  FakeTracker tracker;
  Program agent("tuner-agent", Arguments(tracker.address()));
  const v1::Hello old_hello = tracker.NextHello();
  EXPECT_NE(old_hello.device().agent_version(), kNextVersion);
  v1::TrackerMessage message;
  *message.mutable_update() = Update(Read(kNextAgent), kNextVersion);
  tracker.Send(message);
  // The try, while the old agent is still there.
  const v1::Hello probe = tracker.NextHello();
  EXPECT_TRUE(probe.probe()) << agent.Errors();
  EXPECT_EQ(probe.device().agent_version(), kNextVersion);
  EXPECT_EQ(tracker.Next()->update_report().error(), "") << agent.Errors();
  const v1::Hello new_hello = tracker.NextHello();
  EXPECT_EQ(new_hello.device().agent_version(), kNextVersion) << agent.Errors();
  EXPECT_EQ(new_hello.device().name(), "bench");
  EXPECT_FALSE(new_hello.probe());
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0);

  // The old executable, as a service manager would start it.
  Program again("tuner-agent", Arguments(tracker.address()));
  EXPECT_EQ(tracker.NextHello().device().agent_version(), kNextVersion);
}

TEST_F(AgentUpdateTest, WhatMustNotBeTakenIsRefusedWithOneLineAndTheAgentLives) {
  FakeTracker tracker;
  Program agent("tuner-agent", Arguments(tracker.address()));
  tracker.NextHello();
  const std::string script = "#!/bin/sh\necho broken; exit 3\n";

  v1::UpdateAgent unsigned_update = Update(script, kNextVersion);
  unsigned_update.clear_signature();
  EXPECT_THAT(Word(tracker, unsigned_update), HasSubstr("the signature (0 bytes) is not one of"));
  ASSERT_EQ(MakeKey("stranger"), 0);
  v1::UpdateAgent strangers = Update(script, kNextVersion);
  Sign(&strangers, "stranger");
  EXPECT_THAT(Word(tracker, strangers), HasSubstr("is not one of the update key"));
  EXPECT_THAT(Word(tracker, Update(script, "0.0.1")), HasSubstr("this agent is"));
  EXPECT_THAT(Word(tracker, Update(script, "../../evil")), HasSubstr("is no version of an agent"));
  v1::UpdateAgent cut = Update(script, kNextVersion);
  cut.mutable_executable()->resize(5);
  EXPECT_THAT(Word(tracker, cut), HasSubstr("damaged or cut short"));
  v1::UpdateAgent foreign = Update(script, kNextVersion);
  foreign.set_machine("m68k");
  Sign(&foreign);
  EXPECT_THAT(Word(tracker, foreign), HasSubstr("is for machine \"m68k\""));
  EXPECT_TRUE(Files().empty());

  // Good by all signs, and yet no agent: it is tried and put away again.
  EXPECT_EQ(Word(tracker, Update(script, kNextVersion)), "version 0.99.0 does not come up: broken");
  EXPECT_THAT(Word(tracker, Update("no executable", kNextVersion)),
              HasSubstr("cannot be started here"));
  EXPECT_THAT(Word(tracker, Update("#!/bin/sh\necho tuner-agent 0.98.0\n", kNextVersion)),
              HasSubstr("says it is \"tuner-agent 0.98.0\""));
  EXPECT_TRUE(Files().empty());
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0);
}

TEST_F(AgentUpdateTest, FullDiskIsOneLineAndLeavesNothingBehind) {
  const std::string state = folder_.File("state");
  std::vector<std::string> command = {
      "--user",  "--map-root-user",
      "--mount", "sh",
      "-c",      "mount -t tmpfs -o size=64k none \"$0\" && exec \"$@\"",
      state,     TUNEFARM_BIN_DIR "/tuner-agent"};
  FakeTracker tracker;
  for (const std::string& argument : Arguments(tracker.address())) command.push_back(argument);
  if (RunProgram("/usr/bin/unshare", {"--user", "--map-root-user", "--mount", "true"}).code != 0) {
    GTEST_SKIP() << "this system gives its users no namespaces";
  }
  Program agent("/usr/bin/unshare", command);
  tracker.NextHello();
  EXPECT_THAT(Word(tracker, Update(std::string(1 << 20, 'x'), kNextVersion)),
              HasSubstr("No space left on device"));
  // There is room again: what could not be written is gone.
  EXPECT_THAT(Word(tracker, Update("#!/bin/sh\necho broken; exit 3\n", kNextVersion)),
              HasSubstr("does not come up: broken"));
}

TEST_F(AgentUpdateTest, AgentWithoutAKeyTakesNoUpdate) {
  FakeTracker tracker;
  Program agent("tuner-agent", {"--tracker", tracker.address(), "--name", "bench"});
  tracker.NextHello();
  EXPECT_THAT(Word(tracker, Update("x", kNextVersion)), HasSubstr("takes no updates"));
}

TEST_F(AgentUpdateTest, UpdateThatNeverReachesItsTrackerIsGivenUp) {
  // As if the executable had passed its try and failed ever since: it ends at once.
  const std::string script = "#!/bin/sh\nexit 1\n";
  const v1::UpdateAgent update = Update(script, kNextVersion);
  const std::string place = folder_.File("state") + "/update";
  fs::create_directories(place + "/0.99.0");
  std::ofstream(place + "/0.99.0/tuner-agent") << script;
  fs::permissions(place + "/0.99.0/tuner-agent", fs::perms::owner_all);
  std::ofstream(place + "/0.99.0/signature") << update.signature();
  fs::create_directory_symlink("0.99.0", place + "/current");
  FakeTracker tracker;
  for (int start = 0; start < 3; ++start) {
    EXPECT_EQ(RunProgram("tuner-agent", Arguments(tracker.address())).code, 1);
  }
  Program agent("tuner-agent", Arguments(tracker.address()));
  const v1::Hello hello = tracker.NextHello();
  EXPECT_FALSE(hello.device().agent_version().empty());
  EXPECT_NE(hello.device().agent_version(), kNextVersion);
  EXPECT_THAT(agent.Errors(), HasSubstr("started 3 times, it never reached its tracker"));
}

TEST_F(AgentUpdateTest, InstalledUpdateThatWasTamperedWithIsNotStarted) {
  const std::string place = folder_.File("state") + "/update";
  const v1::UpdateAgent update = Update("#!/bin/sh\nexit 1\n", kNextVersion);
  fs::create_directories(place + "/0.99.0");
  std::ofstream(place + "/0.99.0/tuner-agent") << "#!/bin/sh\ntouch /tmp/evil\n";
  std::ofstream(place + "/0.99.0/signature") << update.signature();
  fs::create_directory_symlink("0.99.0", place + "/current");
  FakeTracker tracker;
  Program agent("tuner-agent", Arguments(tracker.address()));
  EXPECT_NE(tracker.NextHello().device().agent_version(), kNextVersion);
  EXPECT_THAT(agent.Errors(), HasSubstr("giving up the update to 0.99.0: PERMISSION_DENIED"));
}

TEST_F(AgentUpdateTest, CommandLineUpdatesADeviceOfARealTracker) {
  Program tracker("tuner-tracker", {"--listen", "127.0.0.1:0"});
  const std::string line = tracker.ReadLine();
  const std::string address = line.substr(line.rfind(' ') + 1);
  Program agent("tuner-agent", Arguments(address));
  EXPECT_THAT(agent.ReadLine(), StartsWith("connected to"));
  const std::vector<std::string> update = {"device",    "update", "bench",
                                           "--tracker", address,  "--agent",
                                           kNextAgent,  "--key",  folder_.File("update.key")};
  // The next version is one that this tracker does not serve: the try finds out, nothing changes.
  const Finished refused = RunProgram("tuner", update);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("version 0.99.0 does not come up"));
  EXPECT_THAT(refused.err, HasSubstr("update the tracker"));

  std::vector<std::string> unknown = update;
  unknown[2] = "nobody";
  EXPECT_THAT(RunProgram("tuner", unknown).err, HasSubstr("no connected device is named nobody"));
  std::vector<std::string> same = update;
  same[6] = TUNEFARM_BIN_DIR "/tuner-agent";
  EXPECT_THAT(RunProgram("tuner", same).err, HasSubstr("already"));
  std::vector<std::string> patch = update;
  patch[6] = TUNEFARM_PATCHED_AGENT;
  const Finished taken = RunProgram("tuner", patch);
  EXPECT_EQ(taken.code, 0) << taken.err;
  EXPECT_THAT(taken.out, HasSubstr("is at work"));
  EXPECT_THAT(RunProgram("tuner", {"device", "list", "--tracker", address, "--json"}).out,
              HasSubstr("\"agent_version\":\"" TUNEFARM_PATCHED_VERSION "\""));
}

}  // namespace
}  // namespace tunefarm
