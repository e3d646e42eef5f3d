#include "tests/bench/cortex_m/cycle_estimate.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tunefarm::bench {
namespace {

using Lines = std::vector<std::string>;

// The value behind "Total Cycles:" or the like.
double Field(const std::string& report, const std::string& name) {
  double value = 0;
  const size_t at = report.find(name);
  if (at == std::string::npos) return 0;
  const std::string line =
      report.substr(at + name.size(), report.find('\n', at) - at - name.size());
  return absl::SimpleAtod(std::string(absl::StripAsciiWhitespace(line)), &value) ? value : 0;
}

// What llvm-mca prints for the lines, on both of its outputs.
std::string RunModel(const Lines& lines, const std::string& cpu) {
  char path[] = "/tmp/tunefarm-mca-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return "";
  close(fd);
  std::ofstream(path) << ".syntax unified\n.thumb\n" << absl::StrJoin(lines, "\n") << "\n";
  const std::string command =
      absl::StrFormat("llvm-mca-19 -mtriple=thumbv7em -mcpu=%s -iterations=50 %s 2>&1", cpu, path);
  std::string report;
  if (FILE* pipe = popen(command.c_str(), "r")) {
    char chunk[4096];
    while (const size_t got = fread(chunk, 1, sizeof(chunk), pipe)) report.append(chunk, got);
    pclose(pipe);
  }
  unlink(path);
  return report;
}

}  // namespace

std::string CmsisInnerLoop() {
  Lines lines;
  // Operand words to r0-r3 in turn, widened to even and odd halves.
  for (const char* pointer : {"r4", "r5", "r6", "r7"}) {
    lines.push_back(absl::StrFormat("ldr r0, [%s], #4", pointer));
    lines.push_back("sxtb16 r1, r0");
    lines.push_back("sxtb16 r2, r0, ror #8");
  }
  for (int i = 0; i < 8; ++i) {
    lines.push_back(absl::StrFormat("smlad r%d, r1, r2, r%d", 8 + i % 4, 8 + i % 4));
  }
  lines.push_back("subs r3, r3, #1");
  return absl::StrJoin(lines, "\n");
}

double CyclesPerInstruction(const std::string& block, const std::string& cpu) {
  const std::string report = RunModel(absl::StrSplit(block, '\n'), cpu);
  const double instructions = Field(report, "Instructions:");
  return instructions > 0 ? Field(report, "Total Cycles:") / instructions : 0;
}

}  // namespace tunefarm::bench
