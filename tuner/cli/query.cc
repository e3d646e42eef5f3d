// tuner query best, tuner query sql: what the log knows.
#include "db/query.h"

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/table.h"
#include "tuner/service/best_query.h"
#include "tuner/service/tuner_client.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct QueryBestOptions {
  std::string workload;
  std::string target = "native";
  std::string db = kDefaultLog;
  std::string server, token_file;
  bool include_emulated = false;
  bool json = false;
};

struct QuerySqlOptions {
  std::string sql;
  std::string db = kDefaultLog;
  bool json = false, csv = false;
};

void PrintBest(const BestSchedule& best, const QueryBestOptions& options) {
  std::printf("workload  %s\ntarget    %s\nconfig    %s\n", best.workload.c_str(),
              best.target.c_str(), best.config.c_str());
  if (best.how != "exact") {
    const std::string where = options.server.empty() ? options.db : options.server;
    std::printf(
        "how       %s: nothing of it has been measured in %s; this is the template's analytic "
        "default\n",
        best.how.c_str(), where.c_str());
    return;
  }
  std::printf("cost      %s, median of %u samples, mad %s%s\n",
              FormatCost(best.cost_median, best.cost_unit).c_str(), best.samples,
              FormatCost(best.mad, best.cost_unit).c_str(),
              best.emulated ? " (an emulator's timing)" : "");
  if (best.gflops > 0) std::printf("speed     %.2f GFLOP/s\n", best.gflops);
  std::printf("measured  trial %lld on %s\nhow       %s\n", static_cast<long long>(best.trial_id),
              best.device.c_str(), best.how.c_str());
}

absl::StatusOr<BestSchedule> AskServer(const TaskSetup& task, const QueryBestOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TrackerAddress address,
                            MakeAddress(options.server, options.token_file));
  return TunerClient(address).QueryBest(task.workload_key, task.target_text,
                                        options.include_emulated);
}

absl::StatusOr<BestSchedule> AskLog(const TaskSetup& task, const QueryBestOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::unique_ptr<db::TuningLog> log, OpenLogIfThere(options.db));
  return FindBest(task, log.get(), options.include_emulated);
}

absl::StatusOr<BestSchedule> Ask(const TaskSetup& task, const QueryBestOptions& options) {
  return options.server.empty() ? AskLog(task, options) : AskServer(task, options);
}

absl::Status RunQueryBest(const QueryBestOptions& options) {
  TUNEFARM_ASSIGN_OR_RETURN(const TaskSetup task, SetUpTask(options.workload, options.target));
  TUNEFARM_ASSIGN_OR_RETURN(const BestSchedule best, Ask(task, options));
  if (options.json) {
    std::printf("%s\n", ToJson(best).c_str());
  } else {
    PrintBest(best, options);
  }
  if (best.how == "default" && !options.include_emulated) {
    QueryBestOptions with_emulated = options;
    with_emulated.include_emulated = true;
    HintAtEmulated(Ask(task, with_emulated));
  }
  return absl::OkStatus();
}

struct ToText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  // The shortest text that reads back as the same number.
  std::string operator()(double value) const { return Json(value).dump(); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<uint8_t>& value) const {
    return absl::BytesToHexString(std::string(value.begin(), value.end()));
  }
};

struct ToJsonValue {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(int64_t value) const { return value; }
  Json operator()(double value) const { return value; }
  Json operator()(const std::string& value) const { return value; }
  Json operator()(const std::vector<uint8_t>& value) const { return ToText()(value); }
};

// One object per row. Text that is no UTF-8 loses the bytes that are not.
std::string PrintJson(const db::QueryResult& result) {
  std::string text = "[";
  for (size_t i = 0; i < result.rows.size(); ++i) {
    Json row = Json::object();
    for (size_t c = 0; c < result.columns.size(); ++c) {
      row[result.columns[c]] = std::visit(ToJsonValue(), result.rows[i][c]);
    }
    text += (i == 0 ? "\n" : ",\n") + row.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "\n]\n";
}

Table ToTable(const db::QueryResult& result) {
  Table table;
  table.header = result.columns;
  table.right.assign(result.columns.size(), true);
  for (const auto& row : result.rows) {
    std::vector<std::string> texts;
    for (size_t c = 0; c < row.size(); ++c) {
      texts.push_back(std::visit(ToText(), row[c]));
      if (std::holds_alternative<std::string>(row[c])) table.right[c] = false;
    }
    table.rows.push_back(std::move(texts));
  }
  return table;
}

absl::Status RunQuerySql(const QuerySqlOptions& options) {
  // Opened once before: a log that is not there is no "nothing found", and its message is the log's
  // own.
  TUNEFARM_RETURN_IF_ERROR(OpenLog(options.db, db::OpenMode::kReadOnly).status());
  TUNEFARM_ASSIGN_OR_RETURN(const db::QueryResult result,
                            db::RunReadOnlyQuery(options.db, options.sql));
  if (options.json) {
    std::fputs(PrintJson(result).c_str(), stdout);
  } else if (options.csv) {
    std::fputs(PrintCsv(ToTable(result)).c_str(), stdout);
  } else {
    std::fputs(PrintAligned(ToTable(result)).c_str(), stdout);
  }
  return absl::OkStatus();
}

void AddBestOptions(CLI::App& command, QueryBestOptions& options) {
  AddWorkloadOption(command, options.workload);
  AddTargetOption(command, options.target);
  AddLogOption(command, options.db);
  command.add_option("--server", options.server,
                     "HOST:PORT of a 'tuner serve': ask it instead of a file");
  AddTokenFileOption(command, options.token_file);
  command.add_flag("--emulated,--include-emulated", options.include_emulated,
                   "Take an emulator's timing where there is none of hardware");
  AddJsonFlag(command, options.json);
}

void AddSqlOptions(CLI::App& command, QuerySqlOptions& options) {
  command.add_option("sql", options.sql, "One SELECT over the tables and views of db/schema.sql")
      ->required();
  AddLogOption(command, options.db);
  CLI::Option* json =
      command.add_flag("--json", options.json, "Print JSON: an array with an object per row");
  command.add_flag("--csv", options.csv, "Print CSV")->excludes(json);
}

}  // namespace

void AddQuery(CLI::App& app, Action& action) {
  CLI::App* query = app.add_subcommand("query", "Ask the tuning log");
  query->require_subcommand(1);
  AddCommand<QueryBestOptions>(*query, action, "best",
                               "The best schedule known for a workload on a target", AddBestOptions,
                               RunQueryBest);
  CLI::App* sql = AddCommand<QuerySqlOptions>(
      *query, action, "sql", "One question in SQL, read only", AddSqlOptions, RunQuerySql);
  sql->footer(
      "Tables: targets devices workloads spaces toolchains tasks kernels trials samples.\n"
      "Views: trial_details best_by_workload failures_by_cause device_activity.\n"
      "e.g. tuner query sql \"SELECT workload, gflops, config FROM best_by_workload\"");
}

}  // namespace tunefarm::tuner
