#include "mcu_agent/emulated_board/qemu_machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartDeadline = absl::Seconds(30);
constexpr absl::Duration kStartPoll = absl::Milliseconds(5);
// QEMU reads a qtest line into one buffer; 64 KiB keeps a line short beside the round trip.
constexpr size_t kChunkBytes = 65536;
constexpr uint32_t kPrivatePeripherals = 0xE0000000;
constexpr uint32_t kPrivatePeripheralsEnd = 0xE0100000;

bool Holds(const std::vector<MemoryRange>& ranges, uint32_t address, size_t bytes) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const MemoryRange& range) {
    return address >= range.base && uint64_t{address} + bytes <= range.end();
  });
}

bool IsPrivate(uint32_t address) {
  return address >= kPrivatePeripherals && address < kPrivatePeripheralsEnd;
}

absl::Status Unmapped(uint32_t address, size_t bytes) {
  return absl::OutOfRangeError(
      absl::StrFormat("nothing answers at 0x%08x (%d bytes)", address, bytes));
}

}  // namespace

absl::StatusOr<std::unique_ptr<QemuMachine>> QemuMachine::Start(const MachineInfo& machine,
                                                                const QemuOptions& options) {
  std::unique_ptr<QemuMachine> qemu(new QemuMachine(machine, options));
  TUNEFARM_RETURN_IF_ERROR(qemu->PowerOn());
  return qemu;
}

QemuMachine::~QemuMachine() { PowerOff(); }

absl::Status QemuMachine::PowerOn() {
  PowerOff();
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "tunefarm-board.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return absl::UnavailableError(absl::StrFormat("mkdtemp %s: %s", folder, std::strerror(errno)));
  }
  absl::Status status = Spawn(folder);
  if (status.ok()) status = Connect(folder);
  fs::remove_all(folder, error);  // Connected sockets need no names.
  if (!status.ok()) PowerOff();
  return status;
}

void QemuMachine::PowerOff() {
  sockets_.reset();
  breakpoints_.clear();
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

absl::Status QemuMachine::Spawn(const std::string& folder) {
  const auto server = [&folder](const char* name) {
    return absl::StrFormat("unix:%s/%s,server=on,wait=off", folder, name);
  };
  std::vector<std::string> arguments = {options_.program,
                                        "-M",
                                        machine_.name,
                                        "-accel",
                                        "tcg",
                                        "-display",
                                        "none",
                                        "-serial",
                                        "null",
                                        "-monitor",
                                        "none",
                                        "-S",
                                        "-icount",
                                        absl::StrFormat("shift=%d", options_.icount_shift),
                                        "-gdb",
                                        server("gdb"),
                                        "-qtest",
                                        server("qtest"),
                                        "-qtest-log",
                                        "none",
                                        "-qmp",
                                        server("qmp")};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  log_ = base::UniqueFd(::memfd_create("qemu-log", MFD_CLOEXEC));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return absl::UnavailableError(absl::StrFormat("fork: %s", std::strerror(errno)));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    // SIGTERM may be blocked in the board's process; QEMU wants it as it was.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(log_.get(), 1);
    ::dup2(log_.get(), 2);
    ::execvp(argv[0], argv.data());
    ::dprintf(2, "cannot start %s: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
  }
  pid_ = pid;
  return absl::OkStatus();
}

std::string QemuMachine::LastWords() const {
  std::ifstream file(absl::StrFormat("/proc/self/fd/%d", log_.get()));
  std::string line;
  std::string last = "(it said nothing)";
  while (std::getline(file, line)) {
    if (!line.empty()) last = line;
  }
  return last;
}

absl::StatusOr<Socket> QemuMachine::Dial(const std::string& path) {
  const absl::Time deadline = absl::Now() + kStartDeadline;
  for (;;) {
    absl::StatusOr<Socket> socket = ConnectUnix(path);
    if (socket.ok()) return socket;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return absl::UnavailableError(
          absl::StrFormat("%s ended at its start: %s", options_.program, LastWords()));
    }
    if (absl::Now() > deadline) {
      return absl::UnavailableError(absl::StrFormat("%s does not listen on %s within %s",
                                                    options_.program, path,
                                                    absl::FormatDuration(kStartDeadline)));
    }
    absl::SleepFor(kStartPoll);
  }
}

absl::Status QemuMachine::Connect(const std::string& folder) {
  TUNEFARM_ASSIGN_OR_RETURN(Socket gdb, Dial(folder + "/gdb"));
  TUNEFARM_ASSIGN_OR_RETURN(Socket qtest, Dial(folder + "/qtest"));
  TUNEFARM_ASSIGN_OR_RETURN(Socket qmp, Dial(folder + "/qmp"));
  sockets_.emplace(
      Sockets{GdbClient(std::move(gdb)), QtestClient(std::move(qtest)), QmpClient(std::move(qmp))});
  TUNEFARM_RETURN_IF_ERROR(sockets_->qmp.Start());
  return sockets_->gdb.Start();
}

absl::Status QemuMachine::CheckPower() const {
  return sockets_.has_value() ? absl::OkStatus() : absl::UnavailableError("the power is off");
}

absl::Status QemuMachine::Read(uint32_t address, std::span<uint8_t> bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  if (Holds(machine_.memory, address, bytes.size())) {
    for (size_t at = 0; at < bytes.size(); at += kChunkBytes) {
      TUNEFARM_RETURN_IF_ERROR(
          sockets_->qtest.Read(address + static_cast<uint32_t>(at),
                               bytes.subspan(at, std::min(kChunkBytes, bytes.size() - at))));
    }
    return absl::OkStatus();
  }
  const bool device = IsPrivate(address) || Holds(machine_.devices, address, bytes.size());
  if (!device || address % 4 != 0 || bytes.size() % 4 != 0) return Unmapped(address, bytes.size());
  for (size_t at = 0; at < bytes.size(); at += 4) {
    TUNEFARM_ASSIGN_OR_RETURN(const uint32_t word,
                              sockets_->qtest.ReadWord(address + static_cast<uint32_t>(at)));
    std::memcpy(bytes.data() + at, &word, 4);
  }
  return absl::OkStatus();
}

absl::Status QemuMachine::Write(uint32_t address, std::span<const uint8_t> bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  if (Holds(machine_.memory, address, bytes.size())) {
    for (size_t at = 0; at < bytes.size(); at += kChunkBytes) {
      TUNEFARM_RETURN_IF_ERROR(
          sockets_->qtest.Write(address + static_cast<uint32_t>(at),
                                bytes.subspan(at, std::min(kChunkBytes, bytes.size() - at))));
    }
    return absl::OkStatus();
  }
  const bool device = IsPrivate(address) || Holds(machine_.devices, address, bytes.size());
  if (!device || address % 4 != 0 || bytes.size() % 4 != 0) return Unmapped(address, bytes.size());
  for (size_t at = 0; at < bytes.size(); at += 4) {
    uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, 4);
    TUNEFARM_RETURN_IF_ERROR(sockets_->qtest.WriteWord(address + static_cast<uint32_t>(at), word));
  }
  return absl::OkStatus();
}

absl::Status QemuMachine::WriteRom(uint32_t address, std::span<const uint8_t> bytes) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  if (!Holds(machine_.memory, address, bytes.size())) return Unmapped(address, bytes.size());
  return sockets_->gdb.WriteMemory(address, bytes);
}

absl::StatusOr<uint64_t> QemuMachine::ReadRegister(int number) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->gdb.ReadRegister(number);
}

absl::Status QemuMachine::WriteRegister(int number, uint64_t value) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  const bool wide = number >= kRegisterD0 && number < kRegisterFpscr;
  return sockets_->gdb.WriteRegister(number, value, wide ? 8 : 4);
}

absl::Status QemuMachine::Resume() {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->gdb.Continue();
}

absl::Status QemuMachine::Halt() {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->gdb.Interrupt();
}

absl::Status QemuMachine::Step() {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->gdb.Step();
}

absl::Status QemuMachine::Reset() {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->qmp.SystemReset();
}

absl::Status QemuMachine::SetBreakpoint(uint32_t address) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  if (!breakpoints_.insert(address).second) return absl::OkStatus();
  return sockets_->gdb.SetBreakpoint(address);
}

absl::Status QemuMachine::ClearBreakpoint(uint32_t address) {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  if (breakpoints_.erase(address) == 0) return absl::OkStatus();
  return sockets_->gdb.ClearBreakpoint(address);
}

absl::StatusOr<bool> QemuMachine::PollStopped() {
  TUNEFARM_RETURN_IF_ERROR(CheckPower());
  return sockets_->gdb.PollStopped();
}

}  // namespace tunefarm::mcu_agent
