#include "deploy/bundle/archive.h"

#include <cstdint>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::deploy {
namespace {

constexpr char kMagic[] = "!<arch>\n";
constexpr size_t kMagicBytes = sizeof(kMagic) - 1;
constexpr size_t kHeaderBytes = 60;
constexpr size_t kMaxNameBytes = 15;

// Name, time, user, group, mode and size of a member, each padded by blanks.
std::string MemberHeader(const std::string& name, const char* mode, size_t num_bytes) {
  return absl::StrFormat("%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, mode, num_bytes);
}

// Members start at even positions.
std::string Padded(const std::string& bytes) {
  return bytes.size() % 2 == 0 ? bytes : bytes + "\n";
}

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

}  // namespace

std::string MakeArchive(const std::string& name, const std::string& object,
                        const std::vector<std::string>& symbols) {
  TUNEFARM_CHECK(name.size() <= kMaxNameBytes, name);
  size_t index_bytes = 4 + 4 * symbols.size();
  for (const std::string& symbol : symbols) index_bytes += symbol.size() + 1;
  const size_t member_at = kMagicBytes + kHeaderBytes + index_bytes + index_bytes % 2;

  std::string index = BigEndian(static_cast<uint32_t>(symbols.size()));
  for (size_t i = 0; i < symbols.size(); ++i) index += BigEndian(static_cast<uint32_t>(member_at));
  for (const std::string& symbol : symbols) index.append(symbol.c_str(), symbol.size() + 1);

  return kMagic + MemberHeader("/", "0", index.size()) + Padded(index) +
         MemberHeader(name + "/", "100644", object.size()) + Padded(object);
}

}  // namespace tunefarm::deploy
