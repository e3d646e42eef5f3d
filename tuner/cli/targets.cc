// tuner targets: the targets that have a name.
#include <cstdio>

#include "base/status.h"
#include "compiler/target/target.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/table.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

struct TargetsOptions {
  bool json = false;
};

absl::Status RunTargets(const TargetsOptions& options) {
  Json list = Json::array();
  Table table;
  table.header = {"name", "vector bits", "cpu", "what it is"};
  table.right = {false, true};
  for (const compiler::KnownTarget& known : compiler::KnownTargets()) {
    TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(known.name));
    list.push_back({{"name", known.name},
                    {"summary", known.summary},
                    {"target", Print(target)},
                    {"cpu", target.cpu},
                    {"vector_bits", target.vector_bits},
                    {"num_cores", target.num_cores}});
    table.rows.push_back(
        {known.name, std::to_string(target.vector_bits), target.cpu, known.summary});
  }
  std::fputs(options.json ? (list.dump() + "\n").c_str() : PrintAligned(table).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddTargets(CLI::App& app, Action& action) {
  AddCommand<TargetsOptions>(
      app, action, "targets", "List the targets that have a name",
      [](CLI::App& command, TargetsOptions& options) { AddJsonFlag(command, options.json); },
      RunTargets);
}

}  // namespace tunefarm::tuner
