// The processor cores this process may use, and the binding of threads to them.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::device_agent {

// The cores this process may use, in ascending order; at least one.
std::vector<int> AllowedCores();

// Those cores in the order in which kernels get them: `first`, then the others from the last one
// down. A negative `first` means the last core, which systems load least. INVALID_ARGUMENT: not
// allowed.
absl::StatusOr<std::vector<int>> MeasuringCores(int first);

// Binds the calling thread to one core.
absl::Status PinToCore(int core);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_CORES_H_
