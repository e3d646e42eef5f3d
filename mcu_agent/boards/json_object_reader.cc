#include "mcu_agent/boards/json_object_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tunefarm::mcu_agent {
namespace {

using Json = nlohmann::json;

// "512" or "0x200".
std::optional<uint32_t> ParseNumber(std::string_view text) {
  const bool hex = text.substr(0, 2) == "0x";
  if (hex) text.remove_prefix(2);
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, hex ? 16 : 10);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

JsonObjectReader::JsonObjectReader(const Json& object, std::string source, std::string place)
    : object_(object), source_(std::move(source)), place_(std::move(place)) {
  if (!object_.is_object()) Fail(absl::StrFormat("%s is not an object", place_));
}

std::string JsonObjectReader::Text(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return "";
  if (!value->is_string() || value->get<std::string>().empty()) {
    Fail(absl::StrFormat("%s.%s is not a text", place_, key));
    return "";
  }
  return value->get<std::string>();
}

uint32_t JsonObjectReader::Number(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned() && value->get<uint64_t>() <= UINT32_MAX) {
    return value->get<uint32_t>();
  }
  if (value->is_string()) {
    const std::optional<uint32_t> number = ParseNumber(value->get<std::string>());
    if (number.has_value()) return *number;
  }
  Fail(absl::StrFormat("%s.%s = %s is no number from 0 to 0xFFFFFFFF", place_, key, value->dump()));
  return 0;
}

std::vector<std::string> JsonObjectReader::Texts(const char* key) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  std::vector<std::string> texts;
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text)) {
    Fail(absl::StrFormat("%s.%s is not a list of texts", place_, key));
    return {};
  }
  for (const Json& item : *value) texts.push_back(item.get<std::string>());
  return texts;
}

const Json& JsonObjectReader::Child(const char* key) {
  static const Json kNull;
  const Json* value = Find(key);
  return value == nullptr ? kNull : *value;
}

void JsonObjectReader::AllowOnly(const std::vector<std::string>& keys) {
  if (!object_.is_object()) return;
  for (const auto& [key, unused] : object_.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      Fail(absl::StrFormat("%s.%s is unknown (known: %s)", place_, key, absl::StrJoin(keys, ", ")));
    }
  }
}

const Json* JsonObjectReader::Find(const char* key) {
  if (!Has(key)) {
    Fail(absl::StrFormat("%s.%s is missing", place_, key));
    return nullptr;
  }
  return &object_.at(key);
}

void JsonObjectReader::Fail(const std::string& what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrFormat("%s: %s", source_, what));
}

}  // namespace tunefarm::mcu_agent
