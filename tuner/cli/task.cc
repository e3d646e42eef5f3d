// tuner task list|watch|cancel: the tasks of a daemon.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/progress.h"
#include "tuner/cli/table.h"
#include "tuner/cli/watching.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct TaskOptions {
  std::string server, token_file;
  int64_t task_id = 0;
  bool json = false;
};

absl::StatusOr<std::unique_ptr<TunerClient>> Connect(const TaskOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.server, options.token_file));
  return std::make_unique<TunerClient>(address);
}

absl::Status RunList(const TaskOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<TunerClient> client, Connect(options));
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<v1::TaskEntry> tasks, client->List());
  Json list = Json::array();
  Table table;
  table.header = {"task", "state", "trials", "owner", "workload"};
  table.right = {true, false, true};
  for (const v1::TaskEntry& task : tasks) {
    const v1::TaskSpec& spec = task.spec();
    list.push_back({{"task_id", task.task_id()},
                    {"state", task.state()},
                    {"num_trials", task.num_trials()},
                    {"max_trials", spec.max_trials()},
                    {"max_seconds", spec.max_seconds()},
                    {"workload", spec.workload()},
                    {"target", spec.target()},
                    {"strategy", spec.strategy()},
                    {"seed", spec.seed()},
                    {"owner", spec.owner()}});
    table.rows.push_back({std::to_string(task.task_id()), task.state(),
                          absl::StrFormat("%d/%d", task.num_trials(), spec.max_trials()),
                          spec.owner(), spec.workload()});
  }
  std::fputs(options.json ? (list.dump() + "\n").c_str() : PrintAligned(table).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunWatch(const TaskOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<TunerClient> client, Connect(options));
  WatchOptions watch;
  watch.json = options.json;
  TUNEFARM_ASSIGN_OR_RETURN(const SessionSummary summary,
                            WatchTask(*client, options.task_id, watch));
  if (!options.json) std::fputs(RenderSummary(summary, "").c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunCancel(const TaskOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<TunerClient> client, Connect(options));
  TUNEFARM_RETURN_IF_ERROR(client->Cancel(options.task_id));
  std::printf("task %d is cancelled; its results are kept\n", static_cast<int>(options.task_id));
  return absl::OkStatus();
}

void AddServerOptions(CLI::App& command, TaskOptions& options) {
  command.add_option("--server", options.server, "HOST:PORT of a 'tuner serve'")->required();
  AddTokenFileOption(command, options.token_file);
}

void AddTaskIdOption(CLI::App& command, TaskOptions& options) {
  command.add_option("task", options.task_id, "Number of the task")
      ->required()
      ->check(CLI::PositiveNumber);
}

}  // namespace

void AddTask(CLI::App& app, Action& action) {
  CLI::App* task = app.add_subcommand("task", "Look after the tasks of a daemon");
  task->require_subcommand(1);
  AddCommand<TaskOptions>(
      *task, action, "list", "List the newest tasks, open and ended",
      [](CLI::App& command, TaskOptions& options) {
        AddServerOptions(command, options);
        AddJsonFlag(command, options.json);
      },
      RunList);
  AddCommand<TaskOptions>(
      *task, action, "watch",
      "Follow a task from its beginning; Ctrl-C ends the watching, not the task",
      [](CLI::App& command, TaskOptions& options) {
        AddTaskIdOption(command, options);
        AddServerOptions(command, options);
        command.add_flag("--json", options.json, "Print one line of JSON per event");
      },
      RunWatch);
  AddCommand<TaskOptions>(
      *task, action, "cancel", "End a task; its results are kept",
      [](CLI::App& command, TaskOptions& options) {
        AddTaskIdOption(command, options);
        AddServerOptions(command, options);
      },
      RunCancel);
}

}  // namespace tunefarm::tuner
