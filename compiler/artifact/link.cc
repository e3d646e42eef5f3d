#include "compiler/artifact/link.h"

#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/base/const_init.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/mutex.h"
#include "base/status.h"
#include "compiler/artifact/object_file.h"
#include "proto/code_memory.h"

LLD_HAS_DRIVER(elf)

namespace tunefarm::compiler {
namespace {

ABSL_CONST_INIT base::Mutex lld_mutex;

std::string TemporaryRoot() {
  if (access("/dev/shm", W_OK) == 0) return "/dev/shm";
  const char* tmpdir = std::getenv("TMPDIR");
  return tmpdir != nullptr ? tmpdir : "/tmp";
}

// A folder of its own that vanishes with the object.
class PrivateFolder {
 public:
  PrivateFolder() : path_(TemporaryRoot() + "/tunefarm-link-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) error_ = errno;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    if (error_ == 0) std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  absl::Status status() const {
    if (error_ == 0) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrFormat("no temporary folder %s: %s", path_, std::strerror(error_)));
  }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  int error_ = 0;
};

absl::Status WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("cannot write %d bytes to %s", bytes.size(), path));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad() || bytes.empty()) {
    return absl::UnavailableError(absl::StrFormat("cannot read what was linked to %s", path));
  }
  return bytes;
}

// Code and constants side by side from address 0; anything else is refused. %s: the code's section.
constexpr char kImageScript[] = R"(PHDRS { image PT_LOAD FLAGS(5); }
SECTIONS {
  . = 0;
  %s : { *(.text .text.*) } :image
  .rodata : { *(.rodata .rodata.*) } :image
  .data : { *(.data .data.* .bss .bss.*) }
  ASSERT(SIZEOF(.data) == 0, "a kernel has no writable data")
  /DISCARD/ : { *(.ARM.exidx* .ARM.attributes .comment .note.*) }
})";

absl::Status RunLld(const std::vector<std::string>& options, const std::string& input,
                    const std::string& output) {
  std::vector<const char*> arguments = {"ld.lld", "--no-undefined", "--build-id=none",
                                        "--threads=1"};
  for (const std::string& option : options) arguments.push_back(option.c_str());
  arguments.insert(arguments.end(), {"-o", output.c_str(), input.c_str()});
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  base::MutexLock lock(&lld_mutex);
  const lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  // It caught a signal of its own and is unusable from now on, and so is this process: whoever
  // watches over it (the builders' pool) is to see the crash that it was.
  if (!result.canRunAgain) raise(result.retCode > 128 ? result.retCode - 128 : SIGABRT);
  if (result.retCode == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("LLD could not link the kernel: %s",
                                             absl::StrReplaceAll(stream.str(), {{"\n", " "}})));
}

}  // namespace

absl::StatusOr<std::string> LinkShared(const std::string& object) {
  const PrivateFolder folder;
  TUNEFARM_RETURN_IF_ERROR(folder.status());
  TUNEFARM_RETURN_IF_ERROR(WriteFile(folder.File("kernel.o"), object));
  TUNEFARM_RETURN_IF_ERROR(
      RunLld({"-shared", "--hash-style=both", "--strip-all", "-z", "noexecstack"},
             folder.File("kernel.o"), folder.File("kernel.so")));
  return ReadFile(folder.File("kernel.so"));
}

absl::StatusOr<std::string> LinkImage(const std::string& object, const std::string& code_memory) {
  TUNEFARM_RETURN_IF_ERROR(CheckPositionIndependent(object));
  const PrivateFolder folder;
  TUNEFARM_RETURN_IF_ERROR(folder.status());
  TUNEFARM_RETURN_IF_ERROR(WriteFile(folder.File("kernel.o"), object));
  TUNEFARM_RETURN_IF_ERROR(WriteFile(
      folder.File("image.ld"),
      absl::StrFormat(kImageScript,
                      code_memory.empty() ? ".text" : TUNEFARM_CODE_SECTION_PREFIX + code_memory)));
  TUNEFARM_RETURN_IF_ERROR(RunLld({"-static", "-T", folder.File("image.ld"), "--entry=0",
                                   "--strip-debug", "-z", "max-page-size=16"},
                                  folder.File("kernel.o"), folder.File("image.elf")));
  return ReadFile(folder.File("image.elf"));
}

}  // namespace tunefarm::compiler
