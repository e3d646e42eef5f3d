#include "compiler/target/host.h"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "compiler/target/arm_boards.h"
#include "compiler/target/cpu_facts.h"

namespace tunefarm::compiler {
namespace {

struct X86Model {
  int family;
  int first_model, last_model;
  const char* cpu;
};

// AMD: "Processor Programming Reference" of each family; Intel: Software Developer's Manual vol. 4,
// table 2-1.
constexpr std::array kAmdModels = {
    X86Model{0x17, 0x00, 0x2f, "znver1"}, X86Model{0x17, 0x30, 0xff, "znver2"},
    X86Model{0x19, 0x00, 0x0f, "znver3"}, X86Model{0x19, 0x10, 0x1f, "znver4"},
    X86Model{0x19, 0x20, 0x5f, "znver3"}, X86Model{0x19, 0x60, 0x7f, "znver4"},
    X86Model{0x19, 0xa0, 0xaf, "znver4"}, X86Model{0x1a, 0x00, 0xff, "znver5"},
};
constexpr std::array kIntelModels = {
    X86Model{6, 0x3c, 0x3c, "haswell"},        X86Model{6, 0x3d, 0x3d, "broadwell"},
    X86Model{6, 0x3f, 0x3f, "haswell"},        X86Model{6, 0x45, 0x46, "haswell"},
    X86Model{6, 0x47, 0x47, "broadwell"},      X86Model{6, 0x4e, 0x4e, "skylake"},
    X86Model{6, 0x4f, 0x4f, "broadwell"},      X86Model{6, 0x55, 0x55, "skylake-avx512"},
    X86Model{6, 0x56, 0x56, "broadwell"},      X86Model{6, 0x5e, 0x5e, "skylake"},
    X86Model{6, 0x6a, 0x6a, "icelake-server"}, X86Model{6, 0x6c, 0x6c, "icelake-server"},
    X86Model{6, 0x7d, 0x7e, "icelake-client"}, X86Model{6, 0x8c, 0x8d, "tigerlake"},
    X86Model{6, 0x8e, 0x8e, "skylake"},        X86Model{6, 0x8f, 0x8f, "sapphirerapids"},
    X86Model{6, 0x97, 0x97, "alderlake"},      X86Model{6, 0x9a, 0x9a, "alderlake"},
    X86Model{6, 0x9e, 0x9e, "skylake"},        X86Model{6, 0xa5, 0xa6, "skylake"},
    X86Model{6, 0xa7, 0xa7, "rocketlake"},     X86Model{6, 0xad, 0xae, "graniterapids"},
    X86Model{6, 0xb7, 0xb7, "raptorlake"},     X86Model{6, 0xba, 0xba, "raptorlake"},
    X86Model{6, 0xbf, 0xbf, "raptorlake"},     X86Model{6, 0xcf, 0xcf, "emeraldrapids"},
};

// Arm Limited in MIDR_EL1.
constexpr int kArmImplementer = 0x41;

using Fields = std::map<std::string, std::string>;

// "key : value" lines of the first processor.
Fields FirstProcessor(const std::string& cpuinfo) {
  Fields fields;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) {
      if (!fields.empty()) break;
      continue;
    }
    const std::string key(absl::StripAsciiWhitespace(line.substr(0, colon)));
    fields[key] = std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return fields;
}

int Number(const Fields& fields, const std::string& key) {
  int value = 0;
  const auto field = fields.find(key);
  if (field == fields.end() || !absl::SimpleAtoi(field->second, &value)) return 0;
  return value;
}

// "0xd03" as /proc/cpuinfo of Arm writes numbers; 0 if there is none.
int HexNumber(const Fields& fields, const std::string& key) {
  int value = 0;
  const auto field = fields.find(key);
  if (field == fields.end() || !absl::SimpleHexAtoi(field->second, &value)) return 0;
  return value;
}

std::set<std::string> Words(const Fields& fields, const std::string& key) {
  const auto field = fields.find(key);
  if (field == fields.end()) return {};
  return absl::StrSplit(field->second, ' ', absl::SkipEmpty());
}

template <size_t N>
const char* FindModel(const std::array<X86Model, N>& table, int family, int model) {
  for (const X86Model& entry : table) {
    if (family == entry.family && model >= entry.first_model && model <= entry.last_model) {
      return entry.cpu;
    }
  }
  return nullptr;
}

bool HasAll(const Target& target, const std::vector<std::string>& features) {
  return std::all_of(features.begin(), features.end(),
                     [&](const std::string& feature) { return target.HasFeature(feature); });
}

std::string X86Cpu(const Fields& fields, const Target& target) {
  const auto vendor = fields.find("vendor_id");
  const int family = Number(fields, "cpu family");
  const int model = Number(fields, "model");
  const char* cpu = nullptr;
  if (vendor != fields.end() && vendor->second == "AuthenticAMD") {
    cpu = FindModel(kAmdModels, family, model);
  } else if (vendor != fields.end() && vendor->second == "GenuineIntel") {
    cpu = FindModel(kIntelModels, family, model);
  }
  if (cpu != nullptr) {
    // One model number, three steppings with more instructions each.
    if (std::string(cpu) != "skylake-avx512") return cpu;
    if (target.HasFeature("avx512bf16")) return "cooperlake";
    return target.HasFeature("avx512vnni") ? "cascadelake" : cpu;
  }
  if (HasAll(target, X86LevelFeatures(4))) return "x86-64-v4";
  if (HasAll(target, X86LevelFeatures(3))) return "x86-64-v3";
  return target.HasFeature("sse4.2") ? "x86-64-v2" : "x86-64";
}

// "32K", "1024K", "16M" as sysfs writes them; 0 if it is not that.
int64_t ParseCacheSize(std::string text) {
  int64_t unit = 1;
  if (!text.empty() && text.back() == 'K') unit = 1024;
  if (!text.empty() && text.back() == 'M') unit = 1024 * 1024;
  if (unit != 1) text.pop_back();
  int64_t size = 0;
  return absl::SimpleAtoi(text, &size) ? size * unit : 0;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void ReadCaches(Target& target) {
  for (int index = 0;; ++index) {
    const std::string dir = absl::StrFormat("/sys/devices/system/cpu/cpu0/cache/index%d/", index);
    const std::string level = FirstLine(dir + "level");
    if (level.empty()) return;
    const int64_t size = ParseCacheSize(FirstLine(dir + "size"));
    if (size == 0 || FirstLine(dir + "type") == "Instruction") continue;
    if (level == "1") target.l1_bytes = size;
    if (level == "2") target.l2_bytes = size;
    if (level == "3") target.l3_bytes = size;
  }
}

}  // namespace

Target DescribeMachine(const std::string& cpuinfo, const std::string& arch) {
  const Fields fields = FirstProcessor(cpuinfo);
  Target target;
  target.name = "native";
  target.triple = arch + "-unknown-linux-gnu";
  target.cpu = "generic";
  if (arch == "x86_64") {
    const std::set<std::string> flags = Words(fields, "flags");
    for (const X86Feature& feature : X86Features()) {
      if (flags.contains(feature.cpuinfo)) target.features.push_back(feature.llvm);
    }
    target.cpu = X86Cpu(fields, target);
  } else if (arch == "aarch64") {
    const std::set<std::string> flags = Words(fields, "Features");
    if (flags.contains("asimddp")) target.features.push_back("dotprod");
    if (flags.contains("i8mm")) target.features.push_back("i8mm");
    if (flags.contains("asimd")) target.features.push_back("neon");
    if (HexNumber(fields, "CPU implementer") == kArmImplementer) {
      target.cpu = ArmCpuByPart(HexNumber(fields, "CPU part"));
    }
  }
  FillFacts(target);
  // On x86, Linux's bogomips are twice the frequency of the time stamp counter, which is the
  // nominal clock.
  double bogomips = 0;
  const auto field = fields.find("bogomips");
  if (arch == "x86_64" && field != fields.end() && absl::SimpleAtod(field->second, &bogomips)) {
    target.clock_hz = bogomips / 2 * 1e6;
  }
  return target;
}

Target HostTarget() {
  utsname system = {};
  uname(&system);
  Target target = DescribeMachine(ReadAll("/proc/cpuinfo"), system.machine);
  ReadCaches(target);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) target.num_cores = CPU_COUNT(&allowed);
  return target;
}

}  // namespace tunefarm::compiler
