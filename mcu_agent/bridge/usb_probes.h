// The debug probes on this machine's USB, found before OpenOCD is: it takes the first of two that
// fit and says little where there is none.
#ifndef TUNEFARM_MCU_AGENT_BRIDGE_USB_PROBES_H_
#define TUNEFARM_MCU_AGENT_BRIDGE_USB_PROBES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tunefarm::mcu_agent {

struct UsbProbe {
  std::string id;      // "0483:374b"
  std::string serial;  // As the device says; "" where it does not.
  std::string place;   // "1-3.2": the port it is plugged into.
};

// The ST-Links below `devices`, which is /sys/bus/usb/devices but for tests; by place.
std::vector<UsbProbe> FindProbes(const std::string& devices = "/sys/bus/usb/devices");

// The serial of the probe that is to be used. `wanted` empty: the only one. NOT_FOUND: there is
// none, or none of that serial; INVALID_ARGUMENT: more than one, and `wanted` is empty.
absl::StatusOr<std::string> ChooseProbe(const std::vector<UsbProbe>& probes,
                                        const std::string& wanted);

}  // namespace tunefarm::mcu_agent

#endif  // TUNEFARM_MCU_AGENT_BRIDGE_USB_PROBES_H_
