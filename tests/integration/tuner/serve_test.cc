// The daemon as people use it: submit, watch, cancel, drain, and kill -9 in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace tunefarm {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

constexpr char kKey[] = "dense/f32/8x64/o48/bias+relu";
// Fewer than a search takes before it may find that it has converged.
const std::vector<std::string> kFourteenTrials = {"--strategy", "grid", "--trials", "14"};
constexpr char kLongKey[] = "conv2d/f32/nhwc/1x28x28x64/o64k3x3p1x1";

class ServeTest : public ::testing::Test {
 protected:
  // Starts the daemon on `port` ("0": any) and remembers its address.
  void StartDaemon(const std::string& port = "0", const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"serve", "--listen", "127.0.0.1:" + port, "--db", db_};
    args.insert(args.end(), more.begin(), more.end());
    daemon_ = std::make_unique<Program>("tuner", args);
    const std::string line = daemon_->ReadLine();
    ASSERT_THAT(line, StartsWith("listening on ")) << daemon_->Errors();
    address_ = line.substr(std::string("listening on ").size());
  }
  std::string Port() const { return address_.substr(address_.rfind(':') + 1); }
  void StartAgent(const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"--tracker", address_, "--name", "board"};
    args.insert(args.end(), more.begin(), more.end());
    agent_ = std::make_unique<Program>("tuner-agent", args);
  }

  std::vector<std::string> Tune(const std::string& key,
                                const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"tune", key, "--server", address_, "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }

  // Reads events until `count` of this kind have come.
  static void AwaitEvent(Program& tuner, const std::string& kind, int count = 1) {
    while (count > 0) {
      const std::string line = tuner.ReadLine();
      ASSERT_NE(line, "") << "no '" << kind << "': " << tuner.Errors();
      if (json::parse(line)["event"] == kind) --count;
    }
  }
  static json LastLine(const std::string& text) {
    json last;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) last = json::parse(line);
    return last;
  }
  json Task(int64_t task_id) const {
    const Finished finished = RunProgram("tuner", {"task", "list", "--server", address_, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    for (const json& task : json::parse(finished.out)) {
      if (task["task_id"] == task_id) return task;
    }
    return {};
  }

  json Query(const std::string& sql) const {
    const Finished finished = RunProgram("tuner", {"query", "sql", sql, "--db", db_, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return json::parse(finished.out);
  }

  // Starts the next daemon on the same port and follows task 1 to its end.
  void ContinueAndExpectFourteenTrials() {
    StartDaemon(Port());
    agent_->Signal(SIGCONT);
    const Finished watched =
        RunProgram("tuner", {"task", "watch", "1", "--server", address_, "--json"});
    ASSERT_EQ(watched.code, 0) << watched.err;
    const json done = LastLine(watched.out);
    EXPECT_EQ(done["event"], "done");
    EXPECT_EQ(done["trials"], 14);
    EXPECT_EQ(Task(1)["state"], "done");
    const json counts = Query(
        "SELECT count(*) AS n, count(DISTINCT config) AS configs FROM trials WHERE outcome <> "
        "'device_lost'")[0];
    EXPECT_EQ(counts["n"], 14);
    EXPECT_EQ(counts["configs"], 14) << "a config was tried twice";
  }

  const TempFolder folder_;
  const std::string db_ = folder_.File("lab.db");
  std::string address_;
  std::unique_ptr<Program> daemon_, agent_;
};

TEST_F(ServeTest, SubmittedTaskIsTunedAndItsBestAnswered) {
  StartDaemon();
  StartAgent();
  const Finished tuned = RunProgram("tuner", Tune(kKey, {"--trials", "6"}));
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  const json done = LastLine(tuned.out);
  EXPECT_EQ(done["event"], "done");
  const Finished asked =
      RunProgram("tuner", {"query", "best", "--workload", kKey, "--server", address_, "--json"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  const json best = json::parse(asked.out);
  EXPECT_EQ(best["config"], done["best"]["config"]);
  EXPECT_EQ(best["how"], "exact");
  EXPECT_EQ(best["device"], "board");

  const Finished devices = RunProgram("tuner", {"device", "list", "--tracker", address_, "--json"});
  ASSERT_EQ(devices.code, 0) << devices.err;
  EXPECT_EQ(json::parse(devices.out)[0]["name"], "board");
  // Long after its end: from the log.
  const Finished watched =
      RunProgram("tuner", {"task", "watch", "1", "--server", address_, "--json"});
  ASSERT_EQ(watched.code, 0) << watched.err;
  EXPECT_EQ(LastLine(watched.out)["best"]["config"], best["config"]);
}

TEST_F(ServeTest, SaysWhyATaskWaits) {
  StartDaemon();
  Program tuner("tuner", Tune(kKey, {"--trials", "2"}));
  AwaitEvent(tuner, "waiting");
  StartAgent();
  EXPECT_EQ(LastLine(tuner.ReadRest())["event"], "done");
  EXPECT_EQ(tuner.Wait(), 0);
}

TEST_F(ServeTest, CtrlCOfTheTunerCancelsItsTask) {
  StartDaemon();
  Program tuner("tuner", Tune(kKey, {}));
  AwaitEvent(tuner, "waiting");  // No agent: it waits as long as it lives.
  tuner.Signal(SIGINT);
  const json done = LastLine(tuner.ReadRest());
  EXPECT_EQ(tuner.Wait(), 0) << tuner.Errors();
  EXPECT_EQ(done["stop_reason"], "cancelled");
  EXPECT_EQ(Task(1)["state"], "cancelled");
}

TEST_F(ServeTest, CancelFromElsewhereEndsTheTaskForItsWatcher) {
  StartDaemon();
  Program tuner("tuner", Tune(kKey, {}));
  AwaitEvent(tuner, "waiting");
  EXPECT_EQ(RunProgram("tuner", {"task", "cancel", "1", "--server", address_}).code, 0);
  EXPECT_EQ(LastLine(tuner.ReadRest())["event"], "done");
  EXPECT_EQ(tuner.Wait(), 0) << tuner.Errors();
  const Finished again = RunProgram("tuner", {"task", "cancel", "1", "--server", address_});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("has ended"));
  EXPECT_EQ(RunProgram("tuner", {"task", "cancel", "99", "--server", address_}).code, 3);
}

// The agent is stopped after some trials, so that the task cannot end before the daemon does.
TEST_F(ServeTest, SigtermLeavesTheTaskQueuedAndTheNextDaemonContinuesIt) {
  StartDaemon();
  StartAgent();
  {
    Program tuner("tuner", Tune(kLongKey, kFourteenTrials));
    AwaitEvent(tuner, "trial", 3);
    agent_->Signal(SIGSTOP);
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0) << daemon_->Errors();
    tuner.ReadRest();
    EXPECT_EQ(tuner.Wait(), 1);
    EXPECT_THAT(tuner.Errors(), HasSubstr("queued"));
  }
  EXPECT_EQ(Query("SELECT state FROM tasks")[0]["state"], "queued");
  ContinueAndExpectFourteenTrials();
}

TEST_F(ServeTest, KilledDaemonContinuesItsOpenTasks) {
  StartDaemon();
  StartAgent();
  {
    Program tuner("tuner", Tune(kLongKey, kFourteenTrials));
    AwaitEvent(tuner, "trial", 3);
    agent_->Signal(SIGSTOP);
    daemon_->Signal(SIGKILL);
    daemon_->Wait();
    tuner.ReadRest();
    EXPECT_EQ(tuner.Wait(), 1);
  }
  EXPECT_EQ(Query("SELECT state FROM tasks")[0]["state"], "running");
  ContinueAndExpectFourteenTrials();
}

TEST_F(ServeTest, TokenIsDemandedOfEverybody) {
  const std::string token = folder_.File("token");
  std::ofstream(token) << "secret";
  StartDaemon("0", {"--token-file", token});
  EXPECT_EQ(RunProgram("tuner", {"task", "list", "--server", address_}).code, 1);
  EXPECT_EQ(RunProgram("tuner", {"device", "list", "--tracker", address_}).code, 1);
  const Finished refused =
      RunProgram("tuner", {"query", "best", "--workload", kKey, "--server", address_});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("token"));
  EXPECT_EQ(RunProgram("tuner", {"task", "list", "--server", address_, "--token-file", token}).code,
            0);
  StartAgent({"--token-file", token});
  EXPECT_EQ(RunProgram("tuner", Tune(kKey, {"--trials", "2", "--token-file", token})).code, 0);
}

TEST_F(ServeTest, SecondDaemonOnThePortOrTheLogIsRefused) {
  StartDaemon();
  const Finished same_log = RunProgram("tuner", {"serve", "--listen", "127.0.0.1:0", "--db", db_});
  EXPECT_EQ(same_log.code, 1);
  EXPECT_THAT(same_log.err, HasSubstr(db_));
  const Finished same_port =
      RunProgram("tuner", {"serve", "--listen", address_, "--db", folder_.File("other.db")});
  EXPECT_EQ(same_port.code, 1);
  EXPECT_THAT(same_port.err, HasSubstr(address_));
}

}  // namespace
}  // namespace tunefarm
