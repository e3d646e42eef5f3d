#include "device_agent/update/update_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_format.h"
#include "base/agent_update.h"
#include "base/hash.h"
#include "base/status.h"
#include "spdlog/spdlog.h"

namespace tunefarm::device_agent {
namespace {

namespace fs = std::filesystem;

constexpr char kExecutable[] = "/tuner-agent";
constexpr char kSignature[] = "/signature";
constexpr char kCurrent[] = "current";
constexpr char kStarts[] = "starts";

absl::Status FileError(const std::string& what, const std::string& path, int error) {
  const std::string text = absl::StrFormat("%s %s: %s", what, path, std::strerror(error));
  return error == ENOSPC || error == EDQUOT ? absl::ResourceExhaustedError(text)
                                            : absl::InternalError(text);
}

// Creates the file anew and has it on the disk before it returns.
absl::Status WriteFile(const std::string& path, const std::string& bytes, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return FileError("creating", path, errno);
  size_t done = 0;
  ssize_t written = 0;
  while (done < bytes.size() &&
         (written = write(fd, bytes.data() + done, bytes.size() - done)) >= 0) {
    done += static_cast<size_t>(written);
  }
  absl::Status status;
  if (done < bytes.size() || fsync(fd) != 0) status = FileError("writing", path, errno);
  close(fd);
  return status;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

absl::Status CheckUpdate(const UpdateSettings& settings, const v1::UpdateAgent& update) {
  if (settings.folder.empty() || settings.public_key.empty()) {
    return absl::FailedPreconditionError(
        "this agent takes no updates: it was started without --update-key or --state-dir");
  }
  if (update.machine() != settings.machine) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the update is for machine \"%s\", this one is %s", update.machine(), settings.machine));
  }
  const std::optional<base::Version> version = base::ParseVersion(update.version());
  if (!version) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no version of an agent", update.version()));
  }
  if (*version <= settings.own) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the update is version %s, this agent is %s already", update.version(),
                        base::Print(settings.own)));
  }
  const std::string digest = base::Sha256Hex(update.executable());
  if (digest != update.digest()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the update's %d bytes have digest %s, it says \"%s\": damaged or cut short",
        update.executable().size(), digest, update.digest()));
  }
  return base::Verify(
      {.version = update.version(), .machine = update.machine(), .digest = update.digest()},
      update.signature(), settings.public_key);
}

absl::StatusOr<std::string> UpdateStore::Put(const v1::UpdateAgent& update) const {
  const std::string folder = File(base::Print(*base::ParseVersion(update.version())));
  std::error_code error;
  fs::remove_all(folder, error);  // Of an attempt that was interrupted.
  fs::create_directories(folder, error);
  if (error) return FileError("creating", folder, error.value());
  absl::Status status = WriteFile(folder + kExecutable, update.executable(), 0700);
  if (status.ok()) status = WriteFile(folder + kSignature, update.signature(), 0600);
  if (!status.ok()) {
    fs::remove_all(folder, error);
    return status;
  }
  return folder + kExecutable;
}

void UpdateStore::Discard(const v1::UpdateAgent& update) const {
  std::error_code ignored;
  fs::remove_all(File(base::Print(*base::ParseVersion(update.version()))), ignored);
}

absl::Status UpdateStore::Commit(const v1::UpdateAgent& update) const {
  const std::string version = base::Print(*base::ParseVersion(update.version()));
  const std::string link = File("current.new");
  std::error_code error;
  fs::remove(link, error);
  fs::remove(File(kStarts), error);
  fs::create_directory_symlink(version, link, error);
  if (error) return FileError("creating", link, error.value());
  fs::rename(link, File(kCurrent), error);
  if (error) return FileError("renaming", link, error.value());
  for (const auto& entry : fs::directory_iterator(settings_.folder, error)) {
    const std::string name = entry.path().filename();
    if (name != version && base::ParseVersion(name)) fs::remove_all(entry.path(), error);
  }
  return absl::OkStatus();
}

absl::Status UpdateStore::CheckInstalled(const std::string& version) const {
  v1::UpdateAgent update;
  update.set_version(version);
  update.set_machine(settings_.machine);
  update.set_executable(ReadFile(File(version) + kExecutable));
  update.set_digest(base::Sha256Hex(update.executable()));
  update.set_signature(ReadFile(File(version) + kSignature));
  return CheckUpdate(settings_, update);
}

std::optional<std::string> UpdateStore::Start() const {
  std::error_code error;
  const std::string version = fs::read_symlink(File(kCurrent), error);
  if (error) return std::nullopt;
  const std::optional<base::Version> parsed = base::ParseVersion(version);
  if (parsed && *parsed == settings_.own) return std::nullopt;  // It is this one.
  if (const absl::Status status = CheckInstalled(version); !status.ok()) {
    spdlog::warn("giving up the update to {}: {}", version, base::OneLine(status));
    GiveUp();
    return std::nullopt;
  }
  int starts = 0;
  std::ifstream(File(kStarts)) >> starts;
  if (starts >= kMaxStarts) {
    spdlog::warn("giving up the update to {}: started {} times, it never reached its tracker",
                 version, starts);
    GiveUp();
    return std::nullopt;
  }
  std::ofstream(File(kStarts), std::ios::trunc) << starts + 1;
  return File(version) + kExecutable;
}

void UpdateStore::GiveUp() const {
  std::error_code ignored;
  fs::remove(File(kCurrent), ignored);
  fs::remove(File(kStarts), ignored);
}

void UpdateStore::Confirm() const {
  std::error_code ignored;
  if (!settings_.folder.empty()) fs::remove(File(kStarts), ignored);
}

}  // namespace tunefarm::device_agent
