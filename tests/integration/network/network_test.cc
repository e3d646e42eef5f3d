// A device behind a network, and everything that happens to such: it comes back by itself, no trial
// is lost, none counts twice. Real binaries, a real log; waits for what is told, never for time,
// unless TUNEFARM_DROP_SECONDS asks for a drop of that length: then the drop lasts that long and
// every program has the timeouts it has in a lab.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/support/namespace_network.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

using nlohmann::json;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::LineCounts;
using tunefarm::testing::LineQuality;
using tunefarm::testing::NamespaceNetwork;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

// No bound is known for int8, and a session that finds nothing better goes on for 24 trials: it
// ends when the budget is used up, not earlier.
constexpr char kWorkload[] = "conv2d/s8/nhwc/1x14x14x16/o32k3x3s1x1p1x1/bias+requant+relu";
constexpr int kTrials = 24;
// A bad Wi-Fi: every twentieth packet is lost, the others take 50 to 110 ms and overtake.
const LineQuality kBadWifi = {
    .loss = 0.05, .delay = absl::Milliseconds(80), .jitter = absl::Milliseconds(30)};
constexpr uint64_t kSeed = 20261121;
// Short, so that what takes half a minute in a lab takes seconds here. The agent is told the
// heartbeat by the tracker. Whoever does not answer a keepalive is cut off, people's commands
// included: it has to be longer than a busy machine lets a healthy process wait.
constexpr char kHeartbeat[] = "0.3";
constexpr char kKeepalive[] = "3";

// Of DropOfTheNetworkIsSurvivedByTheAgent; none: until the tracker has given the device up.
std::optional<std::chrono::seconds> LengthOfDrop() {
  const char* const seconds = std::getenv("TUNEFARM_DROP_SECONDS");
  if (seconds == nullptr) return std::nullopt;
  return std::chrono::seconds(std::atoi(seconds));
}

std::vector<std::string> With(std::vector<std::string> args, const std::vector<std::string>& more) {
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

class NetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    network_ = NamespaceNetwork::Create(kSeed, &why);
    if (network_ == nullptr) GTEST_SKIP() << why;
    std::printf("seed %d\n", static_cast<int>(kSeed));
    if (!LengthOfDrop()) {
      keepalive_ = {"--keepalive", kKeepalive};
      tracker_timeouts_ = With({"--heartbeat", kHeartbeat}, keepalive_);
    }
    std::ofstream(token_) << "a secret for the test\n";
    StartTracker(network_->address() + ":0");
    StartAgent();
  }

  void StartTracker(const std::string& listen) {
    tracker_ = std::make_unique<Program>(
        "tuner-tracker", With({"--listen", listen, "--token-file", token_}, tracker_timeouts_));
    const std::string line = tracker_->ReadLine();
    ASSERT_THAT(line, StartsWith("listening on ")) << tracker_->Errors();
    address_ = line.substr(std::string("listening on ").size());
  }

  void StartAgent() {
    agent_ = network_->Start(
        "tuner-agent",
        With({"--tracker", address_, "--name", "board", "--token-file", token_}, keepalive_));
  }

  void StartTuning() {
    tune_ = std::make_unique<Program>(
        "tuner", std::vector<std::string>{"tune", kWorkload, "--tracker", address_, "--token-file",
                                          token_, "--db", db_, "--strategy", "random", "--trials",
                                          std::to_string(kTrials), "--json"});
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

  // What is to be survived has come in the middle.
  void ExpectUnfinished() { EXPECT_LT(Count("outcome <> 'device_lost'"), kTrials); }

  // The session ends as if nothing had happened: every config counts once, the budget is used up.
  void ExpectCompleteLog() {
    json done;
    for (std::string line; !(line = tune_->ReadLine()).empty();) done = json::parse(line);
    ASSERT_EQ(tune_->Wait(), 0) << tune_->Errors();
    ASSERT_EQ(done["event"], "done");
    EXPECT_EQ(done["stop_reason"], "trials");
    const int64_t trials = done["trials"];
    EXPECT_EQ(trials, kTrials);
    EXPECT_EQ(Count("outcome <> 'device_lost' AND superseded_by IS NULL"), trials);
    EXPECT_EQ(Count("outcome = 'ok' AND superseded_by IS NULL"), trials)
        << "nothing else went wrong";
    EXPECT_EQ(Count("rowid IN (SELECT MIN(id) FROM trials WHERE outcome <> 'device_lost' "
                    "AND superseded_by IS NULL GROUP BY config)"),
              trials)
        << "a config counts twice";
    std::printf("%d trials\n", static_cast<int>(trials));
  }

  // Otherwise the cable was not as bad as the test says.
  void ExpectBadLine() {
    const LineCounts counts = network_->cable().Counts();
    std::printf("packets: %d passed, %d of them overtaken, %d lost, %d cut off\n",
                static_cast<int>(counts.passed), static_cast<int>(counts.overtaken),
                static_cast<int>(counts.lost), static_cast<int>(counts.cut_off));
    EXPECT_GT(counts.lost, 0);
    EXPECT_GT(counts.overtaken, 0);
  }

  TempFolder folder_;
  const std::string token_ = folder_.File("token");
  const std::string db_ = folder_.File("tuner.db");
  std::unique_ptr<NamespaceNetwork> network_;
  std::string address_;
  std::vector<std::string> keepalive_, tracker_timeouts_;
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
  network_->cable().SetCut(true);
  agent_->Signal(SIGKILL);
  agent_->Wait();
  network_->cable().SetCut(false);
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
  network_->cable().SetCut(true);
  const auto cut = std::chrono::steady_clock::now();
  AwaitLost(true);
  ExpectUnfinished();
  if (LengthOfDrop()) std::this_thread::sleep_until(cut + *LengthOfDrop());
  network_->cable().SetCut(false);
  const auto mended = std::chrono::steady_clock::now();
  AwaitLost(false);
  const auto back = std::chrono::steady_clock::now();
  const auto seconds = [](auto duration) {
    return std::chrono::duration<double>(duration).count();
  };
  std::printf("dropped for %.1f s, back after %.1f s\n", seconds(mended - cut),
              seconds(back - mended));
  ExpectCompleteLog();
}

TEST_F(NetworkTest, LossAndLatencyOnlySlowTheDeviceDown) {
  network_->cable().SetQuality(kBadWifi);
  StartTuning();
  ExpectCompleteLog();
  ExpectBadLine();
}

TEST_F(NetworkTest, DropOfABadLineIsSurvivedByTheAgent) {
  network_->cable().SetQuality(kBadWifi);
  StartTuning();
  AwaitTrials(5);
  network_->cable().SetCut(true);
  AwaitLost(true);
  ExpectUnfinished();
  network_->cable().SetCut(false);
  ExpectCompleteLog();
  ExpectBadLine();
}

TEST_F(NetworkTest, TrackerBehindABadLineThatIsStartedAnewGoesOn) {
  network_->cable().SetQuality(kBadWifi);
  StartTuning();
  AwaitTrials(5);
  tracker_->Signal(SIGKILL);
  tracker_->Wait();
  StartTracker(address_);
  ExpectCompleteLog();
  ExpectBadLine();
}

}  // namespace
}  // namespace tunefarm
