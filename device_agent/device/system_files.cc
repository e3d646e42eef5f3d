#include "device_agent/device/system_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace tunefarm::device_agent {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

}  // namespace

int SystemFiles::Open(const std::string& path) const {
  return open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC);
}

std::optional<std::string> SystemFiles::Text(const std::string& path) const {
  const int fd = Open(path);
  if (fd < 0) return std::nullopt;
  std::string text;
  char part[4096];
  ssize_t num_read = 0;
  while (text.size() < kMaxBytes && (num_read = read(fd, part, sizeof(part))) > 0) {
    text.append(part, static_cast<size_t>(num_read));
  }
  close(fd);
  // A sensor that is switched off opens and then refuses to be read.
  if (num_read < 0 && text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string> SystemFiles::Line(const std::string& path) const {
  std::optional<std::string> text = Text(path);
  if (!text) return std::nullopt;
  // Device-tree strings end in a zero byte, others in a line break.
  text->resize(std::min(text->find_first_of(std::string("\n\0", 2)), text->size()));
  absl::StripAsciiWhitespace(&*text);
  return text;
}

std::optional<int64_t> SystemFiles::Number(const std::string& path) const {
  const std::optional<std::string> line = Line(path);
  int64_t number;
  if (!line || !absl::SimpleAtoi(*line, &number)) return std::nullopt;
  return number;
}

std::vector<std::string> SystemFiles::Names(const std::string& directory) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_ + directory, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tunefarm::device_agent
