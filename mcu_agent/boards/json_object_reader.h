// Reads the members of one JSON object and remembers the first thing that is wrong with it.
//
// What board_map.cc reads its file with. Relies on nlohmann_json and absl.
#ifndef TUNEFARM_MCU_AGENT_BOARDS_JSON_OBJECT_READER_H_
#define TUNEFARM_MCU_AGENT_BOARDS_JSON_OBJECT_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tunefarm::mcu_agent {

class JsonObjectReader {
 public:
  // `object` must outlive the reader. Messages begin with `source`, the file, and call the object
  // `place`.
  JsonObjectReader(const nlohmann::json& object, std::string source, std::string place);

  // The member called `key`, which must be there and be what is asked for; if not, something empty.
  std::string Text(const char* key);                // Not empty.
  uint32_t Number(const char* key);                 // Or a text such as "0x20000000".
  std::vector<std::string> Texts(const char* key);  // A list of texts.
  const nlohmann::json& Child(const char* key);     // Anything.

  bool Has(const char* key) const { return object_.is_object() && object_.contains(key); }
  // A misspelt key must not pass for an absent one.
  void AllowOnly(const std::vector<std::string>& keys);

  // kInvalidArgument with the first thing that was wrong.
  const absl::Status& status() const { return status_; }

 private:
  const nlohmann::json* Find(const char* key);
  void Fail(const std::string& what);

  const nlohmann::json& object_;
  const std::string source_;
  const std::string place_;
  absl::Status status_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BOARDS_JSON_OBJECT_READER_H_
