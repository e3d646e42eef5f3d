#include "mcu_agent/emulated_board/stlink_protocol.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::mcu_agent {
namespace {

// Requests to the server, by their first byte.
enum ServerCommand : uint8_t {
  kRefresh = 0,
  kNumDevices = 1,
  kDeviceInfo = 2,
  kOpenDevice = 3,
  kCloseDevice = 4,
  kUsbCommand = 5,
  kServerVersion = 6,
};
constexpr size_t kRequestBytes[] = {2, 1, 8, 8, 8, 32, 4};
constexpr size_t kMaxDataBytes = 10240;  // OpenOCD's buffer.
constexpr uint32_t kServerOk = 1;
constexpr uint32_t kDeviceId = 1;
constexpr uint32_t kServerApi = 3;  // From 3 on OpenOCD batches register accesses (RW_MISC).
constexpr uint16_t kVendorSt = 0x0483, kProductV3 = 0x374F;
constexpr size_t kSerialBytes = 32;

// First byte of a USB command, and second byte of those that begin with kDebug.
constexpr uint8_t kGetVersion = 0xF1, kDebug = 0xF2, kGetMode = 0xF5, kGetVoltage = 0xF7;
constexpr uint8_t kGetVersionV3 = 0xFB;
constexpr uint8_t kReadMem32 = 0x07, kWriteMem32 = 0x08, kReadMem8 = 0x0C, kWriteMem8 = 0x0D;
constexpr uint8_t kReadIdcodes = 0x31, kDriveReset = 0x3C, kLastStatus = 0x3B, kLastStatus2 = 0x3E;
constexpr uint8_t kReadDapRegister = 0x45, kWriteDapRegister = 0x46;
constexpr uint8_t kReadMem16 = 0x47, kWriteMem16 = 0x48;
constexpr uint8_t kWriteMem32Fixed = 0x50, kReadMem32Fixed = 0x54;
constexpr uint8_t kMiscOut = 0x51, kMiscIn = 0x52;
constexpr uint8_t kGetFrequencies = 0x62;
constexpr uint8_t kModeDebug = 2;
constexpr uint16_t kPortOfDp = 0xFFFF;

// Steps of an RW_MISC batch.
constexpr uint8_t kMiscAddress = 1, kMiscWrite = 2, kMiscRead = 3;

constexpr uint8_t kOk = 0x80, kApFault = 0x11, kDpError = 0x16;

constexpr uint32_t kFrequenciesKhz[] = {24000, 8000, 3300, 1000, 200, 50, 5};

uint8_t StatusByte(const absl::Status& status) {
  if (status.ok()) return kOk;
  return absl::IsUnavailable(status) ? kDpError : kApFault;
}

uint32_t Le32(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  if (at + 4 <= bytes.size()) std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

uint16_t Le16(const std::string& bytes, size_t at) {
  uint16_t value = 0;
  if (at + 2 <= bytes.size()) std::memcpy(&value, bytes.data() + at, 2);
  return value;
}

template <typename T>
std::string Bytes(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string One(uint8_t byte) { return std::string(1, static_cast<char>(byte)); }
std::string Zeros(size_t count) { return std::string(count, '\0'); }

}  // namespace

absl::StatusOr<std::string> StlinkProtocol::Receive(std::string_view bytes) {
  received_.append(bytes);
  std::string answers;
  while (!received_.empty()) {
    const auto command = static_cast<uint8_t>(received_[0]);
    if (command > kServerVersion) {
      return absl::InvalidArgumentError(
          absl::StrFormat("stlink-server has no command %d", command));
    }
    size_t size = kRequestBytes[command];
    if (received_.size() < size) break;
    if (command != kUsbCommand) {
      answers += AnswerServer(received_.substr(0, size));
      received_.erase(0, size);
      continue;
    }
    const bool host_reads = received_[24] != 0;
    const uint32_t data_bytes = Le32(received_, 28);
    if (data_bytes > kMaxDataBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("stlink-server: %d bytes exceed %d", data_bytes, kMaxDataBytes));
    }
    if (!host_reads) size += data_bytes;
    if (received_.size() < size) break;
    answers += Bytes(kServerOk);
    const std::string out = host_reads ? "" : received_.substr(32, data_bytes);
    answers += AnswerUsb(received_.substr(8, 16), out, host_reads ? data_bytes : 0);
    received_.erase(0, size);
  }
  return answers;
}

std::string StlinkProtocol::AnswerServer(const std::string& request) const {
  switch (static_cast<uint8_t>(request[0])) {
    case kServerVersion:
      return absl::StrCat(Bytes(kServerApi), Bytes(uint32_t{1}), Zeros(8));
    case kNumDevices:
      return Bytes(uint32_t{1});
    case kDeviceInfo: {
      std::string serial = serial_;
      serial.resize(kSerialBytes, '\0');
      return absl::StrCat(Bytes(kServerOk), Bytes(kDeviceId), serial, Bytes(kVendorSt),
                          Bytes(kProductV3), Zeros(1));
    }
    case kOpenDevice:
      return absl::StrCat(Bytes(kServerOk), Bytes(kDeviceId));
    default:
      return Bytes(kServerOk);
  }
}

std::string StlinkProtocol::AnswerUsb(const std::string& command, const std::string& out,
                                      size_t in_bytes) {
  std::string answer;
  switch (static_cast<uint8_t>(command[0])) {
    case kGetVersion:  // Version 3 with zeros sends the host to kGetVersionV3.
      answer = absl::StrCat(std::string("\x30\x00", 2), Bytes(kVendorSt), Bytes(kProductV3));
      break;
    case kGetVersionV3:  // Version, SWIM, JTAG, mass storage, bridge: V3J10.
      answer = absl::StrCat(std::string("\x03\x00\x0A\x00\x00\x00\x00\x00", 8), Bytes(kVendorSt),
                            Bytes(kProductV3));
      break;
    case kGetMode:
      answer = One(kModeDebug);
      break;
    case kGetVoltage: {  // Readings of the reference (1.2 V) and of half the supply.
      constexpr uint32_t kReference = 1500, kHalfOf3V3 = 2062;
      answer = absl::StrCat(Bytes(kReference), Bytes(core_->powered() ? kHalfOf3V3 : 0));
      break;
    }
    case kDebug:
      answer = AnswerDebug(command, out, in_bytes);
      break;
    default:
      break;
  }
  answer.resize(in_bytes, '\0');
  return answer;
}

std::string StlinkProtocol::AnswerDebug(const std::string& command, const std::string& out,
                                        size_t in_bytes) {
  const std::string ok = One(kOk);
  switch (static_cast<uint8_t>(command[1])) {
    case kReadMem8:
    case kReadMem16:
    case kReadMem32:
    case kReadMem32Fixed:
      return ReadMemory(command, in_bytes);
    case kWriteMem8:
    case kWriteMem16:
    case kWriteMem32:
    case kWriteMem32Fixed:
      WriteMemory(command, out);
      return "";
    case kReadDapRegister:
      return ReadDap(command);
    case kWriteDapRegister:
      return WriteDap(command);
    case kMiscOut:
      RunMiscellaneous(command, out);
      return "";
    case kMiscIn:
      return miscellaneous_answer_;
    case kLastStatus:
    case kLastStatus2:
      return One(last_status_);
    case kReadIdcodes: {
      const absl::StatusOr<uint32_t> idcode = port_->ReadDp(kDpIdr);
      return absl::StrCat(One(StatusByte(idcode.status())), Zeros(3), Bytes(idcode.value_or(0)));
    }
    case kDriveReset:
      // 0 pulls the line low, 1 releases it, 2 does both: the core starts at the release.
      if (command[2] == 2 || (command[2] == 1 && reset_held_)) core_->Reset();
      reset_held_ = command[2] == 0;
      return ok;
    case kGetFrequencies: {
      std::string answer = absl::StrCat(ok, Zeros(7), Bytes(uint32_t{std::size(kFrequenciesKhz)}));
      for (const uint32_t khz : kFrequenciesKhz) answer += Bytes(khz);
      return answer;
    }
    default:  // Modes, speeds, opening and closing APs: nothing to do.
      return ok;
  }
}

std::string StlinkProtocol::ReadMemory(const std::string& command, size_t in_bytes) {
  const uint32_t address = Le32(command, 2);
  const uint16_t length = Le16(command, 6);
  std::string data(std::min<size_t>(length, in_bytes), '\0');
  auto* const bytes = reinterpret_cast<uint8_t*>(data.data());
  absl::Status status;
  if (static_cast<uint8_t>(command[1]) == kReadMem32Fixed) {
    for (size_t at = 0; at + 4 <= data.size() && status.ok(); at += 4) {
      status = port_->ReadMemory(address, {bytes + at, 4});
    }
  } else {
    status = port_->ReadMemory(address, {bytes, data.size()});
  }
  last_status_ = StatusByte(status);
  return data;
}

void StlinkProtocol::WriteMemory(const std::string& command, const std::string& out) {
  const uint32_t address = Le32(command, 2);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(out.data());
  absl::Status status;
  if (static_cast<uint8_t>(command[1]) == kWriteMem32Fixed) {
    for (size_t at = 0; at + 4 <= out.size() && status.ok(); at += 4) {
      status = port_->WriteMemory(address, {bytes + at, 4});
    }
  } else {
    status = port_->WriteMemory(address, {bytes, out.size()});
  }
  last_status_ = StatusByte(status);
}

std::string StlinkProtocol::ReadDap(const std::string& command) {
  const uint16_t where = Le16(command, 2);
  const uint16_t reg = Le16(command, 4);
  const absl::StatusOr<uint32_t> value =
      where == kPortOfDp ? port_->ReadDp(reg) : port_->ReadAp(where, reg);
  return absl::StrCat(One(StatusByte(value.status())), Zeros(3), Bytes(value.value_or(0)));
}

std::string StlinkProtocol::WriteDap(const std::string& command) {
  const uint16_t where = Le16(command, 2);
  const uint16_t reg = Le16(command, 4);
  const uint32_t value = Le32(command, 6);
  const absl::Status status = where == kPortOfDp
                                  ? port_->WriteDp(reg, value, /*write_one_clears=*/false)
                                  : port_->WriteAp(where, reg, value);
  return One(StatusByte(status));
}

// Steps in bytes, padded to words, then one word for each: an address, a value or an AP's number.
// The answer has one word for each step, then one status word for each.
void StlinkProtocol::RunMiscellaneous(const std::string& command, const std::string& out) {
  const uint32_t items = Le32(command, 2);
  miscellaneous_answer_.clear();
  if (items > kMaxDataBytes / 8 || out.size() < (items + 3) / 4 * 4 + 4 * items) return;
  const size_t values_at = (items + 3) / 4 * 4;
  std::string values, statuses;
  uint32_t address = 0;
  for (uint32_t i = 0; i < items; ++i) {
    uint32_t value = Le32(out, values_at + 4 * i);
    absl::Status status;
    switch (static_cast<uint8_t>(out[i])) {
      case kMiscAddress:
        address = value;
        break;
      case kMiscWrite:
        status = port_->WriteMemory(address, {reinterpret_cast<const uint8_t*>(&value), 4});
        break;
      case kMiscRead:
        status = port_->ReadMemory(value, {reinterpret_cast<uint8_t*>(&value), 4});
        break;
      default:
        break;
    }
    values += Bytes(value);
    statuses += Bytes(uint32_t{StatusByte(status)});
  }
  miscellaneous_answer_ = absl::StrCat(values, statuses);
}

}  // namespace tunefarm::mcu_agent
