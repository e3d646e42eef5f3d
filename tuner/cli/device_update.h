// The command 'tuner device update', registered by device.cc.
#ifndef TUNEFARM_TUNER_CLI_DEVICE_UPDATE_H_
#define TUNEFARM_TUNER_CLI_DEVICE_UPDATE_H_

#include <string>

#include "absl/status/status.h"

namespace tunefarm::tuner {

struct DeviceUpdateOptions {
  std::string name;  // Of the device.
  std::string tracker;
  std::string token_file;
  std::string agent;  // The executable.
  std::string key;    // File with the private key that signs it.
};

// Returns when the device is connected as the new version. Errors: kInvalidArgument (files),
// kNotFound (no such device), kFailedPrecondition (the agent refuses), kDeadlineExceeded (it has
// not come back).
absl::Status RunDeviceUpdate(const DeviceUpdateOptions& options);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_DEVICE_UPDATE_H_
