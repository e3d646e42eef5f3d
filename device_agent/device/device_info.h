// Who this machine is: what the agent tells the tracker in Hello.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_INFO_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_INFO_H_

#include <cstdint>

#include "device_agent/device/system_files.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {

// Everything but name and tags, which are the owner's to give.
//
// `emulated` is set where it can be known: under an emulator of single programs (emulation.h), on a
// processor that does not fit the binary's architecture (older ones show the host's /proc/cpuinfo),
// or on an x86 one of QEMU's TCG. A whole emulated ARM system looks like a real one; its owner says
// so with --emulated.
v1::DeviceInfo ReadDeviceInfo(const SystemFiles& files);

// Bytes of the largest cache of core 0; 32 MiB where the system does not tell.
uint64_t LastLevelCacheBytes(const SystemFiles& files);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_DEVICE_INFO_H_
