// The processor cores this process may use: which are fast, in which order kernels get them, and
// the binding of threads to them.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device_agent/device/system_files.h"

namespace tunefarm::device_agent {

struct CoreFacts {
  int index = 0;                  // As the system counts.
  uint32_t capacity = 0;          // cpu_capacity: the fastest core has 1024; 0: not told.
  uint64_t max_frequency_hz = 0;  // cpuinfo_max_freq; 0: not told.
};

// The cores this process may use, in ascending order; at least one.
std::vector<int> AllowedCores();

// What the system tells of `cores`, in their order.
std::vector<CoreFacts> ReadCoreFacts(const SystemFiles& files, const std::vector<int>& cores);

// True where some cores are faster than others (big.LITTLE): by capacity where the system tells it
// of every core, else by the highest clock.
bool HasClusters(const std::vector<CoreFacts>& cores);

// `cores` in the order in which kernels get them. `choice`: "big" or "" - the fastest first;
// "little" - the slowest first; a number - that core, then the fastest. Of equals the last one
// first, which systems load least. INVALID_ARGUMENT: none of these, or a core not among `cores`.
absl::StatusOr<std::vector<CoreFacts>> MeasuringCores(std::vector<CoreFacts> cores,
                                                      const std::string& choice);

// "big" or "little", after the first of `cores`; "" where all are alike.
std::string ClusterName(const std::vector<CoreFacts>& cores);

// Binds the calling thread to one core.
absl::Status PinToCore(int core);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_
