#include "tests/bench/cortex_m/cycle_estimate.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tunefarm::bench {
namespace {

using Lines = std::vector<std::string>;

int64_t NumMultiplyAdds(const Lines& lines) {
  int64_t count = 0;
  for (const std::string& line : lines) {
    count += absl::StartsWith(line, "smla") || absl::StartsWith(line, "smua") ? 1 : 0;
  }
  return count;
}

// Branches and what names a label mean nothing in a straight block.
bool IsInstruction(const std::string& line) {
  for (const char* other : {"b\t", "beq", "bne", "bl", "bg", "bh", "bx", "cb", "pop", "adr"}) {
    if (absl::StartsWith(line, other) && !absl::StartsWith(line, "bne.w 2b")) return false;
  }
  return !absl::StrContains(line, ".L") && !line.empty() && line[0] != '.' && line[0] != '@' &&
         line.back() != ':' && !absl::StrContains(line, ".long");
}

// The lines between "2:" and its branch, or else all of them.
Lines InnerLoop(const Lines& lines) {
  Lines inner;
  bool inside = false;
  for (const std::string& line : lines) {
    if (line == "2:") inside = true;
    if (inside && IsInstruction(line)) inner.push_back(line);
    if (absl::StartsWith(line, "bne.w\t2b") || absl::StartsWith(line, "bne.w 2b")) return inner;
  }
  inner.clear();
  for (const std::string& line : lines) {
    if (IsInstruction(line)) inner.push_back(line);
  }
  return inner;
}

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

// The lines that no "PATH:LINE:COLUMN: error" of the report names.
Lines WithoutRefused(const Lines& lines, const std::string& report) {
  constexpr size_t kHeadLines = 2;
  std::set<size_t> refused;
  for (const std::string& message : Lines(absl::StrSplit(report, '\n'))) {
    const Lines parts = absl::StrSplit(message, ':');
    size_t line = 0;
    if (absl::StrContains(message, ": error:") && parts.size() > 2 &&
        absl::SimpleAtoi(parts[1], &line)) {
      refused.insert(line);
    }
  }
  Lines kept;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!refused.contains(i + 1 + kHeadLines)) kept.push_back(lines[i]);
  }
  return kept;
}

}  // namespace

std::string HottestBlock(const std::string& assembly) {
  Lines all, block, best;
  bool inside = false;
  for (const std::string& raw : std::vector<std::string>(absl::StrSplit(assembly, '\n'))) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (absl::StartsWith(line, "@APP")) {
      inside = true;
      block.clear();
    } else if (absl::StartsWith(line, "@NO_APP")) {
      inside = false;
      const Lines inner = InnerLoop(block);
      if (NumMultiplyAdds(inner) > NumMultiplyAdds(best)) best = inner;
    } else if (inside) {
      block.push_back(line);
    }
    // What prepare does is not timed; run comes first in the text.
    if (absl::StartsWith(line, ".globl") && absl::StrContains(line, "_prepare")) break;
    if (IsInstruction(line)) all.push_back(line);
  }
  return absl::StrJoin(best.empty() ? all : best, "\n");
}

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
  // Lines that mean nothing by themselves (a branch, a label's address) are named by llvm-mca and
  // left out the second time.
  const std::string report = RunModel(absl::StrSplit(block, '\n'), cpu);
  const Lines readable = WithoutRefused(absl::StrSplit(block, '\n'), report);
  const std::string result = Field(report, "Instructions:") > 0 ? report : RunModel(readable, cpu);
  const double instructions = Field(result, "Instructions:");
  return instructions > 0 ? Field(result, "Total Cycles:") / instructions : 0;
}

}  // namespace tunefarm::bench
