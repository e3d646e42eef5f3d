#include "device_agent/device/cpu_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tunefarm::device_agent {
namespace {

struct ModelRange {
  int family;
  int first_model;
  int last_model;
  const char* name;
};

// Later entries win, so a family's default stands before its exceptions.
constexpr ModelRange kAmd[] = {
    {0x15, 0x00, 0xFF, "bdver1"}, {0x15, 0x02, 0x02, "bdver2"}, {0x15, 0x10, 0x1F, "bdver2"},
    {0x15, 0x30, 0x3F, "bdver3"}, {0x15, 0x60, 0x7F, "bdver4"}, {0x16, 0x00, 0xFF, "btver2"},
    {0x17, 0x00, 0xFF, "znver1"}, {0x17, 0x30, 0x3F, "znver2"}, {0x17, 0x47, 0x47, "znver2"},
    {0x17, 0x60, 0x7F, "znver2"}, {0x17, 0x84, 0x87, "znver2"}, {0x17, 0x90, 0xAF, "znver2"},
    {0x19, 0x00, 0xFF, "znver3"}, {0x19, 0x10, 0x1F, "znver4"}, {0x19, 0x60, 0x7F, "znver4"},
    {0x19, 0xA0, 0xAF, "znver4"}, {0x1A, 0x00, 0xFF, "znver5"},
};

struct IntelModel {
  int model;  // Of family 6.
  const char* name;
};

constexpr IntelModel kIntel[] = {
    {0x1A, "nehalem"},        {0x1E, "nehalem"},        {0x1F, "nehalem"},
    {0x2E, "nehalem"},        {0x25, "westmere"},       {0x2C, "westmere"},
    {0x2F, "westmere"},       {0x2A, "sandybridge"},    {0x2D, "sandybridge"},
    {0x3A, "ivybridge"},      {0x3E, "ivybridge"},      {0x3C, "haswell"},
    {0x3F, "haswell"},        {0x45, "haswell"},        {0x46, "haswell"},
    {0x3D, "broadwell"},      {0x47, "broadwell"},      {0x4F, "broadwell"},
    {0x56, "broadwell"},      {0x4E, "skylake"},        {0x5E, "skylake"},
    {0x8E, "skylake"},        {0x9E, "skylake"},        {0xA5, "skylake"},
    {0xA6, "skylake"},        {0xA7, "rocketlake"},     {0x66, "cannonlake"},
    {0x7D, "icelake-client"}, {0x7E, "icelake-client"}, {0x6A, "icelake-server"},
    {0x6C, "icelake-server"}, {0x8C, "tigerlake"},      {0x8D, "tigerlake"},
    {0x97, "alderlake"},      {0x9A, "alderlake"},      {0xBE, "gracemont"},
    {0xB7, "raptorlake"},     {0xBA, "raptorlake"},     {0xBF, "raptorlake"},
    {0xAA, "meteorlake"},     {0xAC, "meteorlake"},     {0xC5, "arrowlake"},
    {0xC6, "arrowlake-s"},    {0xBD, "lunarlake"},      {0x8F, "sapphirerapids"},
    {0xCF, "emeraldrapids"},  {0xAD, "graniterapids"},  {0xAE, "graniterapids-d"},
    {0xAF, "sierraforest"},   {0xB6, "grandridge"},     {0x37, "silvermont"},
    {0x4A, "silvermont"},     {0x4C, "silvermont"},     {0x4D, "silvermont"},
    {0x5A, "silvermont"},     {0x5D, "silvermont"},     {0x5C, "goldmont"},
    {0x5F, "goldmont"},       {0x7A, "goldmont-plus"},  {0x86, "tremont"},
    {0x8A, "tremont"},        {0x96, "tremont"},        {0x9C, "tremont"},
};

struct ArmPart {
  uint32_t implementer;
  uint32_t part;
  const char* name;
};

constexpr ArmPart kArm[] = {
    {0x41, 0xC05, "cortex-a5"},  {0x41, 0xC07, "cortex-a7"},   {0x41, 0xC08, "cortex-a8"},
    {0x41, 0xC09, "cortex-a9"},  {0x41, 0xC0E, "cortex-a17"},  {0x41, 0xC0F, "cortex-a15"},
    {0x41, 0xD03, "cortex-a53"}, {0x41, 0xD04, "cortex-a35"},  {0x41, 0xD05, "cortex-a55"},
    {0x41, 0xD07, "cortex-a57"}, {0x41, 0xD08, "cortex-a72"},  {0x41, 0xD09, "cortex-a73"},
    {0x41, 0xD0A, "cortex-a75"}, {0x41, 0xD0B, "cortex-a76"},  {0x41, 0xD0C, "neoverse-n1"},
    {0x41, 0xD0D, "cortex-a77"}, {0x41, 0xD40, "neoverse-v1"}, {0x41, 0xD41, "cortex-a78"},
    {0x41, 0xD44, "cortex-x1"},  {0x41, 0xD46, "cortex-a510"}, {0x41, 0xD47, "cortex-a710"},
    {0x41, 0xD48, "cortex-x2"},  {0x41, 0xD49, "neoverse-n2"}, {0x41, 0xD4F, "neoverse-v2"},
    {0xC0, 0xAC3, "ampere1"},    {0xC0, 0xAC4, "ampere1a"},    {0x61, 0x022, "apple-m1"},
    {0x61, 0x023, "apple-m1"},
};

int Number(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto field = fields.find(name);
  int value;
  return field != fields.end() && absl::SimpleAtoi(field->second, &value) ? value : -1;
}

uint32_t HexNumber(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto field = fields.find(name);
  uint32_t value;
  return field != fields.end() && absl::SimpleHexAtoi(field->second, &value) ? value : 0;
}

class FeatureSet {
 public:
  explicit FeatureSet(const std::vector<std::string>& features) : features_(features) {}
  bool HasAll(std::initializer_list<const char*> wanted) const {
    return std::all_of(wanted.begin(), wanted.end(), [this](const char* name) {
      return std::find(features_.begin(), features_.end(), name) != features_.end();
    });
  }

 private:
  const std::vector<std::string>& features_;
};

std::string X86Level(const FeatureSet& features) {
  if (features.HasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})) {
    return "x86-64-v4";
  }
  if (features.HasAll({"avx2", "fma", "bmi", "bmi2", "f16c"})) return "x86-64-v3";
  if (features.HasAll({"sse4.2", "popcnt"})) return "x86-64-v2";
  return "x86-64";
}

std::string X86Name(const std::map<std::string, std::string>& fields, const FeatureSet& features) {
  const auto vendor = fields.find("vendor_id");
  const int family = Number(fields, "cpu family");
  const int model = Number(fields, "model");
  const char* name = nullptr;
  if (vendor != fields.end() && vendor->second == "AuthenticAMD") {
    for (const ModelRange& range : kAmd) {
      if (family == range.family && model >= range.first_model && model <= range.last_model) {
        name = range.name;
      }
    }
  } else if (vendor != fields.end() && vendor->second == "GenuineIntel" && family == 6) {
    for (const IntelModel& entry : kIntel) {
      if (model == entry.model) name = entry.name;
    }
    // Three generations share this number; LLVM tells them apart in the same way.
    if (model == 0x55) {
      name = features.HasAll({"avx512bf16"})   ? "cooperlake"
             : features.HasAll({"avx512vnni"}) ? "cascadelake"
                                               : "skylake-avx512";
    }
  }
  return name != nullptr ? name : X86Level(features);
}

}  // namespace

std::map<std::string, std::string> CpuinfoFields(const std::string& cpuinfo) {
  std::map<std::string, std::string> fields;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(cpuinfo, '\n'))) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) {
      if (!fields.empty()) break;  // An empty line ends the first processor.
      continue;
    }
    std::string name = line.substr(0, colon);
    std::string value = line.substr(colon + 1);
    absl::StripAsciiWhitespace(&name);
    absl::StripAsciiWhitespace(&value);
    fields.emplace(std::move(name), std::move(value));
  }
  return fields;
}

std::string CpuName(const std::string& architecture, const std::string& cpuinfo,
                    const std::vector<std::string>& features) {
  const std::map<std::string, std::string> fields = CpuinfoFields(cpuinfo);
  if (architecture == "x86_64") return X86Name(fields, FeatureSet(features));
  const uint32_t implementer = HexNumber(fields, "CPU implementer");
  const uint32_t part = HexNumber(fields, "CPU part");
  for (const ArmPart& entry : kArm) {
    if (entry.implementer == implementer && entry.part == part) return entry.name;
  }
  return "generic";
}

bool IsForeignCpuinfo(const std::string& architecture, const std::string& cpuinfo) {
  const std::map<std::string, std::string> fields = CpuinfoFields(cpuinfo);
  if (fields.empty()) return false;
  const char* own = architecture == "x86_64"                               ? "vendor_id"
                    : architecture == "aarch64" || architecture == "armv7" ? "CPU implementer"
                                                                           : "isa";
  return !fields.contains(own);
}

}  // namespace tunefarm::device_agent
