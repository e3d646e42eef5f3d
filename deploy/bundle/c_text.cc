#include "deploy/bundle/c_text.h"

#include <cctype>

#include "absl/strings/str_replace.h"
#include "base/status.h"

namespace tunefarm::deploy {

using compiler::BufferRole;
using compiler::DType;

const char* CType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "float";
    case DType::kS8:
      return "int8_t";
    case DType::kS16:
      return "int16_t";
    case DType::kS32:
      return "int32_t";
    case DType::kIndex:
    case DType::kBool:
      break;
  }
  TUNEFARM_CHECK(false, "a buffer of a type no operator has");
}

const char* RoleName(BufferRole role) {
  switch (role) {
    case BufferRole::kInput:
      return "input";
    case BufferRole::kConstant:
      return "constant";
    case BufferRole::kPacked:
      return "packed";
    case BufferRole::kOutput:
      return "output";
  }
  __builtin_unreachable();
}

std::string MacroName(const std::string& symbol, const std::string& buffer,
                      const std::string& what) {
  std::string name = symbol + "_" + buffer + (what.empty() ? "" : "_" + what);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string InComment(const std::string& text) {
  return absl::StrReplaceAll(text, {{"*/", "* /"}, {"\n", " "}, {"\r", " "}});
}

}  // namespace tunefarm::deploy
