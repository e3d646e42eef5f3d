#include "compiler/target/target.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "compiler/target/arm_boards.h"
#include "compiler/target/cpu_facts.h"
#include "compiler/target/host.h"
#include "compiler/target/mcu_boards.h"
#include "proto/code_memory.h"

namespace tunefarm::compiler {
namespace {

constexpr char kCustomForm[] = "triple=ARCH-VENDOR-OS-ABI,cpu=NAME,features=A+B[,code=A+B]";
constexpr char kCodePart[] = ",code=";
constexpr size_t kMaxCodeMemories = 8;

Target X86(const char* name, const char* cpu, int level) {
  Target target;
  target.name = name;
  target.triple = "x86_64-unknown-linux-gnu";
  target.cpu = cpu;
  target.features = X86LevelFeatures(level);
  FillFacts(target);
  return target;
}

// Armv7E-M and Armv8-M Mainline with the DSP extension and a single- or double-precision FPU. The
// clock is that of a usual board; each board's own is measured and logged.
Target CortexM(const char* name, const char* arch, const char* cpu, const char* fpu,
               double clock_hz) {
  Target target;
  target.name = name;
  target.triple = absl::StrFormat("%s-none-unknown-eabihf", arch);
  target.cpu = cpu;
  target.features = {"dsp", fpu};
  target.clock_hz = clock_hz;
  FillFacts(target);
  return target;
}

std::string NamesText() {
  std::vector<std::string> names;
  for (const KnownTarget& known : KnownTargets()) names.push_back(known.name);
  return absl::StrJoin(names, ", ");
}

bool IsWord(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

absl::Status Refuse(const std::string& text, const std::string& reason) {
  return absl::InvalidArgumentError(absl::StrFormat("target '%s': %s; a target is one of %s, or %s",
                                                    text, reason, NamesText(), kCustomForm));
}

// Sets the field that "key=value" names.
absl::Status ReadField(const std::string& text, const std::string& key, const std::string& value,
                       Target& target) {
  if (key == "features") {
    const std::set<std::string> features = absl::StrSplit(value, '+', absl::SkipEmpty());
    for (const std::string& feature : features) {
      if (!IsWord(feature)) {
        return Refuse(text, absl::StrFormat("'%s' is no name of a feature", feature));
      }
    }
    target.features.assign(features.begin(), features.end());
    return absl::OkStatus();
  }
  if (key != "triple" && key != "cpu") {
    return Refuse(text, absl::StrFormat("unknown part '%s' (triple, cpu, features)", key));
  }
  if (!IsWord(value)) return Refuse(text, absl::StrFormat("'%s' is no name of a %s", value, key));
  (key == "triple" ? target.triple : target.cpu) = value;
  return absl::OkStatus();
}

absl::StatusOr<Target> ParseCustom(const std::string& text) {
  Target target;
  target.name = text;
  target.cpu = "generic";
  std::set<std::string> seen;
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) return Refuse(text, absl::StrFormat("'%s' has no '='", part));
    const std::string key = part.substr(0, equals);
    if (!seen.insert(key).second) return Refuse(text, absl::StrFormat("'%s' stands twice", key));
    TUNEFARM_RETURN_IF_ERROR(ReadField(text, key, part.substr(equals + 1), target));
  }
  if (target.triple.find('-') == std::string::npos) {
    return Refuse(text, absl::StrFormat("'%s' is no triple such as aarch64-unknown-linux-gnu",
                                        target.triple));
  }
  if (TripleArch(target.triple) == "x86_64" && !seen.contains("features")) {
    return Refuse(text, "features= is missing; x86 code uses only the features that are listed");
  }
  FillFacts(target);
  return target;
}

absl::Status ReadCodeMemories(const std::string& text, const std::string& memories,
                              Target& target) {
  if (!target.IsBareMetal()) {
    return Refuse(text, "code= is for boards without an operating system");
  }
  target.code_memories = absl::StrSplit(memories, '+');
  if (target.code_memories.size() > kMaxCodeMemories) {
    return Refuse(text, absl::StrFormat("%d memories for code, at most %d",
                                        target.code_memories.size(), kMaxCodeMemories));
  }
  std::set<std::string> seen;
  for (const std::string& memory : target.code_memories) {
    if (tunefarm_is_memory_name(memory.data(), memory.size()) == 0) {
      return Refuse(text, absl::StrFormat("'%s' is no name of a memory (a-z first, then a-z, 0-9, "
                                          "_; at most %d)",
                                          memory, TUNEFARM_MAX_MEMORY_NAME));
    }
    if (!seen.insert(memory).second) {
      return Refuse(text, absl::StrFormat("memory '%s' stands twice", memory));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool Target::HasFeature(const std::string& feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

int64_t Target::PointerBits() const {
  const std::string_view arch = TripleArch(triple);
  return arch.starts_with("arm") || arch.starts_with("thumb") ? 32 : 64;
}

bool Target::IsBareMetal() const {
  return TripleArch(triple).starts_with("thumb") && triple.find("-none-") != std::string::npos;
}

bool Target::HasPairMultiply() const {
  return TripleArch(triple).starts_with("thumb") && HasFeature("dsp");
}

bool Target::HasDotProduct() const {
  return TripleArch(triple) == "aarch64" && HasFeature("dotprod");
}

bool Target::HasLaneMultiply() const {
  const std::string_view arch = TripleArch(triple);
  return arch == "aarch64" || (arch.starts_with("arm") && HasFeature("neon"));
}

absl::StatusOr<Target> ParseTarget(const std::string& text) {
  if (const size_t code = text.find(kCodePart); code != std::string::npos) {
    TUNEFARM_ASSIGN_OR_RETURN(Target target, ParseTarget(text.substr(0, code)));
    TUNEFARM_RETURN_IF_ERROR(
        ReadCodeMemories(text, text.substr(code + sizeof(kCodePart) - 1), target));
    target.name = text;
    return target;
  }
  if (text == "native") return HostTarget();
  if (text == "x86-avx2") return X86("x86-avx2", "x86-64-v3", 3);
  if (text == "x86-avx512") return X86("x86-avx512", "x86-64-v4", 4);
  if (text == "cortex-m4")
    return CortexM("cortex-m4", "thumbv7em", "cortex-m4", "vfp4d16sp", 168e6);
  if (text == "cortex-m7")
    return CortexM("cortex-m7", "thumbv7em", "cortex-m7", "fp-armv8d16", 216e6);
  if (text == "cortex-m33") {
    return CortexM("cortex-m33", "thumbv8m.main", "cortex-m33", "fp-armv8d16sp", 160e6);
  }
  for (const ArmBoard& board : ArmBoards()) {
    if (text == board.name) return MakeTarget(board);
  }
  for (const McuBoard& board : McuBoards()) {
    if (text != board.name) continue;
    TUNEFARM_ASSIGN_OR_RETURN(Target target, ParseTarget(board.core));
    target.name = board.name;
    target.clock_hz = board.clock_hz;
    target.code_memories = board.code_memories;
    return target;
  }
  if (text.find('=') != std::string::npos) return ParseCustom(text);
  return Refuse(text, "unknown name");
}

std::string Print(const Target& target) {
  const std::string code =
      target.code_memories.empty() ? "" : kCodePart + absl::StrJoin(target.code_memories, "+");
  return absl::StrFormat("triple=%s,cpu=%s,features=%s%s", target.triple, target.cpu,
                         absl::StrJoin(target.features, "+"), code);
}

std::vector<KnownTarget> KnownTargets() {
  std::vector<KnownTarget> known = {
      {"native", "the machine this runs on, with every instruction it has"},
      {"x86-avx2", "64-bit x86 with AVX2 and FMA (x86-64-v3: Haswell, Zen and later)"},
      {"x86-avx512",
       "64-bit x86 with AVX-512 F, BW, CD, DQ, VL (x86-64-v4: Skylake-SP, Zen 4 and later)"},
      {"cortex-m4", "Cortex-M4F boards without an operating system (STM32F4, L4)"},
      {"cortex-m7", "Cortex-M7 boards without an operating system (STM32F7, H7)"},
      {"cortex-m33", "Cortex-M33 boards with DSP and FPU, without an operating system"},
  };
  for (const ArmBoard& board : ArmBoards()) known.push_back({board.name, board.summary});
  for (const McuBoard& board : McuBoards()) known.push_back({board.name, board.summary});
  return known;
}

}  // namespace tunefarm::compiler
