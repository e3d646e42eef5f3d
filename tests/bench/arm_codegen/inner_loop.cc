#include "tests/bench/arm_codegen/inner_loop.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::bench {
namespace {

constexpr int kIterations = 50;

struct MultiplyAdd {
  const char* mnemonic;
  const char* operand;  // That the text contains, to tell widths apart.
  double macs;
};
constexpr std::array kMultiplyAdds = {
    MultiplyAdd{"fmla", ".4s", 4},    MultiplyAdd{"fmla", ".2s", 2},
    MultiplyAdd{"smlal", ".4s", 4},   MultiplyAdd{"smlal2", ".4s", 4},
    MultiplyAdd{"sdot", ".4s", 16},   MultiplyAdd{"sdot", ".2s", 8},
    MultiplyAdd{"vmla.f32", "q", 4},  MultiplyAdd{"vfma.f32", "q", 4},
    MultiplyAdd{"vmlal.s16", "q", 4}, MultiplyAdd{"fmadd", "s", 1},
    MultiplyAdd{"smull", ".4s", 4},   MultiplyAdd{"smull2", ".4s", 4},
};

double MacsOf(const std::string& instruction) {
  const std::string mnemonic = instruction.substr(0, instruction.find_first_of(" \t"));
  for (const MultiplyAdd& known : kMultiplyAdds) {
    if (mnemonic == known.mnemonic && absl::StrContains(instruction, known.operand)) {
      return known.macs;
    }
  }
  return 0;
}

// Without comments and surrounding blanks.
std::string Clean(const std::string& raw) {
  std::string line = raw.substr(0, raw.find("//"));
  line = line.substr(0, line.find('@'));
  return std::string(absl::StripAsciiWhitespace(line));
}

// llvm-mca's model of the Cortex-A9 lacks the quadword load in its vldmia spelling.
std::string ForMca(const std::string& line) {
  const size_t comma = line.find(',');
  if (!absl::StartsWith(line, "vldmia") || comma == std::string::npos) return line;
  const std::string address(absl::StripAsciiWhitespace(line.substr(6, comma - 6)));
  const bool moves = address.back() == '!';
  return absl::StrFormat("vld1.64 %s, [%s]%s", line.substr(comma + 1),
                         address.substr(0, address.size() - moves), moves ? "!" : "");
}

bool IsBranch(const std::string& line) {
  const std::string mnemonic = line.substr(0, line.find_first_of(" \t"));
  return absl::StartsWith(mnemonic, "b.") || absl::StartsWith(mnemonic, "cb") ||
         absl::StartsWith(mnemonic, "tb") || mnemonic == "b" || mnemonic == "ret" ||
         mnemonic == "bx" || mnemonic == "blr" || mnemonic == "pop" ||
         (mnemonic.size() == 3 && mnemonic[0] == 'b' && mnemonic != "bic" && mnemonic != "bsl");
}

std::string BranchTarget(const std::string& line) {
  const size_t dot = line.rfind(".L");
  return dot == std::string::npos ? "" : line.substr(dot);
}

}  // namespace

absl::StatusOr<InnerLoop> FindInnerLoop(const std::string& assembly) {
  InnerLoop best_loop, best_piece, piece;
  std::string label;
  const auto finish = [&] {
    if (piece.macs > best_piece.macs) best_piece = piece;
    piece = InnerLoop();
  };
  for (const std::string& raw : std::vector<std::string>(absl::StrSplit(assembly, '\n'))) {
    const std::string line = Clean(raw);
    if (line.empty()) continue;
    if (line.back() == ':') {
      finish();
      label = line.substr(0, line.size() - 1);
      continue;
    }
    if (line[0] == '.') continue;
    piece.instructions.push_back(ForMca(line));
    piece.macs += MacsOf(line);
    piece.multiply_adds += MacsOf(line) > 0;
    if (!IsBranch(line)) continue;
    if (BranchTarget(line) == label && piece.macs > best_loop.macs) best_loop = piece;
    finish();
    label.clear();
  }
  finish();
  if (best_loop.macs > 0) return best_loop;
  if (best_piece.macs > 0) return best_piece;
  return absl::NotFoundError("the assembly has no multiply-adds");
}

absl::StatusOr<double> CyclesPerIteration(const InnerLoop& loop, const CoreModel& model) {
  std::string path = std::filesystem::temp_directory_path() / "arm-codegen-XXXXXX";
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) return absl::UnavailableError("no temporary file " + path);
  close(descriptor);
  {
    std::ofstream file(path);
    for (const std::string& instruction : loop.instructions) file << instruction << "\n";
  }
  // Its model of the Cortex-A9 does not know vclt.f32, one of relu6's: without that it goes on.
  const std::string command = absl::StrFormat(
      "llvm-mca-19 -mtriple=%s -mcpu=%s -mattr=%s -iterations=%d -instruction-info=false "
      "-resource-pressure=false -skip-unsupported-instructions=lack-sched '%s' 2>&1",
      model.triple, model.cpu, model.features, kIterations, path);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::UnavailableError("cannot start: " + command);
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), got);
  }
  const int status = pclose(pipe);
  std::filesystem::remove(path);
  const size_t at = output.find("Total Cycles:");
  if (status != 0 || at == std::string::npos) {
    return absl::InternalError(absl::StrFormat("%s: %s", command, output.substr(0, 400)));
  }
  return std::strtod(output.c_str() + at + 13, nullptr) / kIterations;
}

}  // namespace tunefarm::bench
