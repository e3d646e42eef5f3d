#include "device_agent/device/emulation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tunefarm::device_agent {
namespace {

// Opened and not only asked for: an emulator stands in for opening, not always for stat.
bool Identify(const char* path, struct stat* info) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool known = fstat(fd, info) == 0;
  close(fd);
  return known;
}

}  // namespace

bool AreDifferentFiles(const char* path, const char* other) {
  struct stat a, b;
  if (!Identify(path, &a) || !Identify(other, &b)) return false;
  return a.st_dev != b.st_dev || a.st_ino != b.st_ino;
}

bool RunsUnderProgramEmulator() {
  return AreDifferentFiles("/proc/self/exe", "/proc/thread-self/exe");
}

}  // namespace tunefarm::device_agent
