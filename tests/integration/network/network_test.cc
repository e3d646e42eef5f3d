// A device behind a network, and everything that happens to such: it comes back by itself, no trial
// is lost, none counts twice. Real binaries, a real log; waits for what is told, never for time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/namespace_network.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

using nlohmann::json;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::NamespaceNetwork;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

constexpr char kTrials[] = "40";
// Short, so that what takes half a minute in a lab takes seconds here. The agent is told the
// heartbeat by the tracker. Whoever does not answer a keepalive is cut off, people's commands
// included: it has to be longer than a busy machine lets a healthy process wait.
constexpr char kHeartbeat[] = "0.3";
constexpr char kKeepalive[] = "3";

class NetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    network_ = NamespaceNetwork::Create(&why);
    if (network_ == nullptr) GTEST_SKIP() << why;
    if (!network_->Cut()) GTEST_SKIP() << "tc qdisc ... blackhole is refused";
    network_->Mend();
    std::ofstream(token_) << "a secret for the test\n";
    StartTracker(network_->address() + ":0");
    StartAgent();
  }

  void StartTracker(const std::string& listen) {
    tracker_ = std::make_unique<Program>(
        "tuner-tracker",
        std::vector<std::string>{"--listen", listen, "--token-file", token_, "--heartbeat",
                                 kHeartbeat, "--keepalive", kKeepalive});
    const std::string line = tracker_->ReadLine();
    ASSERT_THAT(line, StartsWith("listening on ")) << tracker_->Errors();
    address_ = line.substr(std::string("listening on ").size());
  }

  void StartAgent() {
    agent_ = network_->Start("tuner-agent", {"--tracker", address_, "--name", "board",
                                             "--token-file", token_, "--keepalive", kKeepalive});
  }

  void StartTuning() {
    tune_ = std::make_unique<Program>(
        "tuner", std::vector<std::string>{"tune", "dense/f32/8x64/o48/bias+relu", "--tracker",
                                          address_, "--token-file", token_, "--db", db_,
                                          "--strategy", "random", "--trials", kTrials, "--json"});
  }

  // Reads events until `count` trials have ended.
  void AwaitTrials(int count) {
    for (int seen = 0; seen < count;) {
      const std::string line = tune_->ReadLine();
      ASSERT_NE(line, "") << tune_->Errors();
      if (json::parse(line)["event"] == "trial") ++seen;
    }
  }

  // Asks the tracker until the device's status is, or is not, "lost".
  void AwaitLost(bool lost) {
    std::string status;
    while ((status == "lost") != lost || status.empty()) {
      const Finished list = RunProgram(
          "tuner", {"device", "list", "--tracker", address_, "--token-file", token_, "--json"});
      if (list.code == 0) status = json::parse(list.out)[0]["status"];
    }
  }

  int64_t Count(const std::string& condition) {
    const Finished finished =
        RunProgram("tuner", {"query", "sql", "SELECT COUNT(*) AS n FROM trials WHERE " + condition,
                             "--db", db_, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return json::parse(finished.out)[0]["n"];
  }

  // The session ends as if nothing had happened: every config counts once, the budget is used up.
  void ExpectCompleteLog() {
    json done;
    for (std::string line; !(line = tune_->ReadLine()).empty();) done = json::parse(line);
    ASSERT_EQ(tune_->Wait(), 0) << tune_->Errors();
    ASSERT_EQ(done["event"], "done");
    const int64_t trials = done["trials"];
    std::printf("%s", (done.dump() + "\n").c_str());
    EXPECT_EQ(Count("outcome <> 'device_lost' AND superseded_by IS NULL"), trials);
    EXPECT_EQ(Count("outcome = 'ok' AND superseded_by IS NULL"), trials)
        << "nothing else went wrong";
    EXPECT_EQ(Count("rowid IN (SELECT MIN(id) FROM trials WHERE outcome <> 'device_lost' "
                    "AND superseded_by IS NULL GROUP BY config)"),
              trials)
        << "a config counts twice";
    // Or it has come so close to the peak, or has found nothing better for so long, that it may
    // stop.
    EXPECT_GE(trials, 16);
    EXPECT_NE(done["stop_reason"], "interrupted");
  }

  TempFolder folder_;
  const std::string token_ = folder_.File("token");
  const std::string db_ = folder_.File("tuner.db");
  std::unique_ptr<NamespaceNetwork> network_;
  std::string address_;
  std::unique_ptr<Program> tracker_;
  std::unique_ptr<Program> agent_;
  std::unique_ptr<Program> tune_;
};

TEST_F(NetworkTest, AgentThatDiesAndIsStartedAnewGoesOn) {
  StartTuning();
  AwaitTrials(5);
  agent_->Signal(SIGKILL);
  agent_->Wait();
  StartAgent();
  ExpectCompleteLog();
}

// Nobody says goodbye: the tracker still believes in the old agent when the new one dials.
TEST_F(NetworkTest, BoardThatLosesPowerComesBack) {
  StartTuning();
  AwaitTrials(5);
  ASSERT_TRUE(network_->Cut());
  agent_->Signal(SIGKILL);
  agent_->Wait();
  network_->Mend();
  StartAgent();
  ExpectCompleteLog();
}

TEST_F(NetworkTest, TrackerThatDiesAndIsStartedAnewGoesOn) {
  StartTuning();
  AwaitTrials(5);
  tracker_->Signal(SIGKILL);
  tracker_->Wait();
  StartTracker(address_);
  ExpectCompleteLog();
}

// Long enough for the tracker to give the device up.
TEST_F(NetworkTest, DropOfTheNetworkIsSurvivedByTheAgent) {
  StartTuning();
  AwaitTrials(5);
  ASSERT_TRUE(network_->Cut());
  AwaitLost(true);
  network_->Mend();
  AwaitLost(false);
  ExpectCompleteLog();
}

// Packets come late, twice asked for, but they come.
TEST_F(NetworkTest, LossAndLatencyOnlySlowTheDeviceDown) {
  if (!network_->Disturb("delay 40ms 10ms loss 5%")) GTEST_SKIP() << "this kernel has no netem";
  StartTuning();
  ExpectCompleteLog();
}

}  // namespace
}  // namespace tunefarm
