// tuner targets: the targets that have a name.
#include <cstdio>

#include "absl/strings/str_format.h"
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

std::string Kibibytes(int64_t bytes) {
  if (bytes == 0) return "-";
  return absl::StrFormat("%dK", bytes / 1024);
}

// "4 x 1.2", "1 x 0.168": cores and GHz.
std::string Cores(const compiler::Target& target) {
  return absl::StrFormat("%d x %.3g", target.num_cores, target.clock_hz / 1e9);
}

double PeakGflops(const compiler::Target& target) {
  return target.PeakFlopsPerCycle() * target.clock_hz / 1e9;
}

Json Describe(const compiler::KnownTarget& known, const compiler::Target& target) {
  return {{"name", known.name},
          {"summary", known.summary},
          {"target", Print(target)},
          {"cpu", target.cpu},
          {"vector_bits", target.vector_bits},
          {"num_vector_registers", target.num_vector_registers},
          {"fma_per_cycle", target.fma_per_cycle},
          {"num_cores", target.num_cores},
          {"clock_hz", target.clock_hz},
          {"l1_bytes", target.l1_bytes},
          {"l2_bytes", target.l2_bytes},
          {"l3_bytes", target.l3_bytes},
          {"peak_gflops_per_core", PeakGflops(target)}};
}

absl::Status RunTargets(const TargetsOptions& options) {
  Json list = Json::array();
  Table table;
  table.header = {"name",      "cpu",      "cores x GHz",  "vectors",
                  "fma/cycle", "L1/L2/L3", "peak GF/core", "what it is"};
  table.right = {false, false, true, true, true, true, true};
  for (const compiler::KnownTarget& known : compiler::KnownTargets()) {
    TUNEFARM_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ParseTarget(known.name));
    list.push_back(Describe(known, target));
    table.rows.push_back(
        {known.name, target.cpu, Cores(target),
         absl::StrFormat("%d x %d", target.num_vector_registers, target.vector_bits),
         absl::StrFormat("%g", target.fma_per_cycle),
         absl::StrFormat("%s/%s/%s", Kibibytes(target.l1_bytes), Kibibytes(target.l2_bytes),
                         Kibibytes(target.l3_bytes)),
         absl::StrFormat("%.1f", PeakGflops(target)), known.summary});
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
