// The emulated core: a qemu-system-arm process and its three sockets (gdb, qtest, QMP).
#ifndef TUNEFARM_MCU_AGENT_EMULATED_BOARD_QEMU_MACHINE_H_
#define TUNEFARM_MCU_AGENT_EMULATED_BOARD_QEMU_MACHINE_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/unique_fd.h"
#include "mcu_agent/emulated_board/core_link.h"
#include "mcu_agent/emulated_board/gdb_client.h"
#include "mcu_agent/emulated_board/machines.h"
#include "mcu_agent/emulated_board/qmp_client.h"
#include "mcu_agent/emulated_board/qtest_client.h"

namespace tunefarm::mcu_agent {

struct QemuOptions {
  std::string program = "qemu-system-arm";
  int icount_shift = 4;  // One instruction takes 2^shift ns of emulated time.
};

// One thread. The process ends with this object, and with this process.
class QemuMachine : public CoreLink {
 public:
  // Starts QEMU, halted. Errors: kNotFound (no such program), kUnavailable with QEMU's own words.
  static absl::StatusOr<std::unique_ptr<QemuMachine>> Start(const MachineInfo& machine,
                                                            const QemuOptions& options);
  QemuMachine(const QemuMachine&) = delete;
  QemuMachine& operator=(const QemuMachine&) = delete;
  ~QemuMachine() override;

  // The process, or 0 while the power is off.
  pid_t pid() const { return pid_; }

  absl::Status Read(uint32_t address, std::span<uint8_t> bytes) override;
  absl::Status Write(uint32_t address, std::span<const uint8_t> bytes) override;
  absl::Status WriteRom(uint32_t address, std::span<const uint8_t> bytes) override;
  absl::StatusOr<uint64_t> ReadRegister(int number) override;
  absl::Status WriteRegister(int number, uint64_t value) override;
  absl::Status Resume() override;
  absl::Status Halt() override;
  absl::Status Step() override;
  absl::Status Reset() override;
  absl::Status SetBreakpoint(uint32_t address) override;
  absl::Status ClearBreakpoint(uint32_t address) override;
  absl::StatusOr<bool> PollStopped() override;
  void PowerOff() override;
  absl::Status PowerOn() override;

 private:
  struct Sockets {
    GdbClient gdb;
    QtestClient qtest;
    QmpClient qmp;
  };

  QemuMachine(MachineInfo machine, QemuOptions options)
      : machine_(std::move(machine)), options_(std::move(options)) {}

  // `folder` holds the sockets until they are connected.
  absl::Status Spawn(const std::string& folder);
  absl::Status Connect(const std::string& folder);
  // Waits until QEMU listens on `path`; tells its last words if it ends instead.
  absl::StatusOr<Socket> Dial(const std::string& path);
  std::string LastWords() const;
  absl::Status CheckPower() const;

  const MachineInfo machine_;
  const QemuOptions options_;
  pid_t pid_ = 0;
  base::UniqueFd log_;  // A file without a name: what QEMU says.
  std::optional<Sockets> sockets_;
  std::set<uint32_t> breakpoints_;
};

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_EMULATED_BOARD_QEMU_MACHINE_H_
