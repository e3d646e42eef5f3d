// The command line as people use it: real binaries, a farm of this machine, real kernels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace tunefarm {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tunefarm::testing::Finished;
using tunefarm::testing::Program;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

// Small, with a packed operand and an epilogue.
constexpr char kKey[] = "dense/f32/8x64/o48/bias+relu";

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

int64_t Count(const std::string& db, const std::string& sql) {
  const Finished finished = RunProgram("tuner", {"query", "sql", sql, "--db", db, "--json"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  return json::parse(finished.out)[0]["n"];
}

TEST(CliTest, EveryCommandExplainsItself) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"tune"},
                                                          {"query"},
                                                          {"query", "best"},
                                                          {"query", "sql"},
                                                          {"bench"},
                                                          {"replay"},
                                                          {"deploy"},
                                                          {"deploy", "kernel"},
                                                          {"serve"},
                                                          {"task"},
                                                          {"task", "list"},
                                                          {"task", "watch"},
                                                          {"task", "cancel"},
                                                          {"targets"},
                                                          {"workloads"},
                                                          {"device"},
                                                          {"device", "list"},
                                                          {"device", "update"},
                                                          {"device", "show"},
                                                          {"device", "drain"},
                                                          {"device", "undrain"},
                                                          {"doctor"}};
  for (std::vector<std::string> args : commands) {
    args.push_back("--help");
    const Finished finished = RunProgram("tuner", args);
    EXPECT_EQ(finished.code, 0) << args[0];
    EXPECT_THAT(finished.out, HasSubstr("Usage:")) << args[0];
    EXPECT_EQ(finished.err, "") << args[0];
  }
}

TEST(CliTest, ListsTargetsAndWorkloads) {
  const json targets = json::parse(RunProgram("tuner", {"targets", "--json"}).out);
  EXPECT_EQ(targets[0]["name"], "native");
  const Finished workloads = RunProgram("tuner", {"workloads", "--model", "resnet18", "--json"});
  const json layers = json::parse(workloads.out);
  EXPECT_EQ(layers.size(), 14u);
  EXPECT_THAT(workloads.out,
              HasSubstr("conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1d1x1g1/bias+relu"));
  EXPECT_EQ(RunProgram("tuner", {"workloads", "--model", "vgg"}).code, 2);
}

TEST(CliTest, TunedKernelIsFoundReplayedDeployedAndRight) {
  const TempFolder folder;
  const std::string db = folder.File("a.db");
  const Finished tuned =
      RunProgram("tuner", {"tune", kKey, "--trials", "10", "--db", db, "--json"});
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  const std::vector<json> events = Lines(tuned.out);
  EXPECT_EQ(events.front()["event"], "started");
  const json done = events.back();
  EXPECT_EQ(done["event"], "done");
  EXPECT_LE(done["trials"].get<int>(), 10);
  EXPECT_GE(done["outcomes"]["ok"].get<int>(), 1);
  EXPECT_EQ(Count(db, "SELECT count(*) AS n FROM trials WHERE outcome <> 'device_lost'"),
            done["trials"]);

  const Finished asked =
      RunProgram("tuner", {"query", "best", "--workload", kKey, "--db", db, "--json"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  const json best = json::parse(asked.out);
  for (const char* field : {"workload", "target", "config", "cost_median", "cost_unit", "mad",
                            "samples", "gflops", "trial_id", "device", "emulated", "how"}) {
    EXPECT_TRUE(best.contains(field)) << field;
  }
  EXPECT_EQ(best["config"], done["best"]["config"]);
  EXPECT_EQ(best["how"], "exact");

  const std::string trial = std::to_string(best["trial_id"].get<int64_t>());
  const Finished replayed = RunProgram("tuner", {"replay", trial, "--db", db, "--json"});
  ASSERT_EQ(replayed.code, 0) << replayed.err;
  EXPECT_EQ(json::parse(replayed.out)["same_kernel"], true);

  const std::string out = folder.File("bundle");
  const Finished deployed = RunProgram(
      "tuner", {"deploy", "kernel", "--workload", kKey, "--db", db, "--out", out, "--json"});
  ASSERT_EQ(deployed.code, 0) << deployed.err;
  EXPECT_EQ(json::parse(deployed.out)["same_code"], true)
      << "the deployed code is not the measured one";
  const std::string program = out + "/a.out";
  const Finished compiled =
      RunProgram("/usr/bin/cc", {"-Wall", "-Wextra", "-Werror", "-o", program, out + "/example.c",
                                 out + "/libkernel.a", "-lm"});
  ASSERT_EQ(compiled.code, 0) << compiled.err;
  const Finished ran = RunProgram(program, {});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("ok: max error "));
}

TEST(CliTest, WithoutALogTheAnalyticDefaultIsGivenAndSaidToBeOne) {
  const TempFolder folder;
  const std::string db = folder.File("none.db");
  const Finished asked =
      RunProgram("tuner", {"query", "best", "--workload", kKey, "--db", db, "--json"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  EXPECT_EQ(json::parse(asked.out)["how"], "default");
  const std::string out = folder.File("bundle");
  const Finished deployed = RunProgram(
      "tuner", {"deploy", "kernel", "--workload", kKey, "--db", db, "--out", out, "--json"});
  ASSERT_EQ(deployed.code, 0) << deployed.err;
  EXPECT_EQ(json::parse(deployed.out)["how"], "default");
}

TEST(CliTest, DeployedExampleFailsWhereTheKernelIsAnother) {
  const TempFolder folder;
  const std::string right = folder.File("right"), wrong = folder.File("wrong");
  // The same buffers and the same symbol, but this one has no relu.
  const std::vector<std::string> common = {"--db", folder.File("none.db"), "--symbol", "kernel_a"};
  const auto deploy = [&](const std::string& key, const std::string& out) {
    std::vector<std::string> args = {"deploy", "kernel", "--workload", key, "--out", out};
    args.insert(args.end(), common.begin(), common.end());
    return RunProgram("tuner", args).code;
  };
  ASSERT_EQ(deploy("dense/f32/8x64/o48/bias+relu", right), 0);
  ASSERT_EQ(deploy("dense/f32/8x64/o48/bias", wrong), 0);
  const std::string program = folder.File("a.out");
  ASSERT_EQ(RunProgram("/usr/bin/cc",
                       {"-o", program, right + "/example.c", wrong + "/libkernel.a", "-lm"})
                .code,
            0);
  const Finished ran = RunProgram(program, {});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("wrong: "));
}

TEST(CliTest, BenchTellsTheTimeAndThePeakOfTheSameRun) {
  const TempFolder folder;
  const Finished finished = RunProgram(
      "tuner", {"bench", kKey, "--config", "default", "--db", folder.File("none.db"), "--json"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const json bench = json::parse(finished.out);
  EXPECT_GT(bench["median_ns"].get<double>(), 0);
  EXPECT_GT(bench["gflops"].get<double>(), 0);
  EXPECT_GT(bench["peak_gflops"].get<double>(), 0);
  EXPECT_EQ(bench["samples_ns"].size(), 25u);
  EXPECT_TRUE(bench.contains("mad_ns") && bench.contains("target") && bench.contains("config"));
}

// A search that no budget ends soon: 'grid' never converges.
std::vector<std::string> LongSearch(const std::string& db) {
  return {"tune",       "conv2d/f32/nhwc/1x56x56x64/o64k3x3p1x1",
          "--strategy", "grid",
          "--trials",   "100000",
          "--db",       db,
          "--json"};
}

// Reads events until `count` trials have ended; the last of them.
json AwaitTrials(Program& tuner, int count) {
  json event;
  while (count > 0) {
    const std::string line = tuner.ReadLine();
    if (line.empty()) return event;
    event = json::parse(line);
    if (event["event"] == "trial") --count;
  }
  return event;
}

TEST(CliTest, CtrlCEndsCleanlyAndKeepsAllResults) {
  const TempFolder folder;
  const std::string db = folder.File("a.db");
  Program tuner("tuner", LongSearch(db));
  AwaitTrials(tuner, 5);
  tuner.Signal(SIGINT);
  const std::vector<json> events = Lines(tuner.ReadRest());
  EXPECT_EQ(tuner.Wait(), 0) << tuner.Errors();
  ASSERT_FALSE(events.empty());
  const json done = events.back();
  EXPECT_EQ(done["event"], "done");
  EXPECT_EQ(done["stop_reason"], "interrupted");
  EXPECT_GE(done["trials"].get<int>(), 5);
  EXPECT_EQ(Count(db, "SELECT count(*) AS n FROM trials"), done["trials"]);
  EXPECT_EQ(Count(db, "SELECT count(*) AS n FROM tasks WHERE state = 'cancelled'"), 1);
}

TEST(CliTest, KillOfTheTunerLosesNoFinishedTrialThatWasTold) {
  const TempFolder folder;
  const std::string db = folder.File("a.db");
  int64_t told = 0;
  {
    Program tuner("tuner", LongSearch(db));
    // A trial is on disk within 20 ms; the tenth is told well after the fifth.
    told = AwaitTrials(tuner, 5)["trial_id"];
    AwaitTrials(tuner, 5);
    tuner.Signal(SIGKILL);
    EXPECT_EQ(tuner.Wait(), 128 + SIGKILL);
  }
  EXPECT_EQ(Count(db, "SELECT count(*) AS n FROM trials WHERE id <= " + std::to_string(told)),
            told);
  EXPECT_EQ(Count(db,
                  "SELECT count(*) AS n FROM trials WHERE outcome = 'ok' AND id NOT IN "
                  "(SELECT trial_id FROM samples)"),
            0);
}

TEST(CliTest, SecondTunerOnALogIsToldWhoHasIt) {
  const TempFolder folder;
  const std::string db = folder.File("a.db");
  Program first("tuner", {"serve", "--listen", "127.0.0.1:0", "--db",
                          db});  // Has the log as long as it lives.
  ASSERT_THAT(first.ReadLine(), StartsWith("listening on "));
  const Finished second = RunProgram("tuner", {"tune", kKey, "--db", db});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, AllOf(StartsWith("tuner: "), HasSubstr(db)));
  // Reading is for everybody.
  EXPECT_EQ(RunProgram("tuner", {"query", "best", "--workload", kKey, "--db", db}).code, 0);
}

TEST(CliTest, LinesForPeopleWhereThereIsNoTerminal) {
  const TempFolder folder;
  const Finished finished =
      RunProgram("tuner", {"tune", kKey, "--trials", "4", "--db", folder.File("a.db")});
  ASSERT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out,
              AllOf(HasSubstr("trial 4/4"), HasSubstr("best "), HasSubstr("schedule\n"),
                    HasSubstr("speed-up"), HasSubstr(" of the FMA peak")));
  EXPECT_EQ(finished.out.find('\x1b'), std::string::npos) << "escape sequences in a pipe";
}

}  // namespace
}  // namespace tunefarm
