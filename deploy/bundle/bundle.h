// A bundle: a kernel as files that plain C can use on a machine without anything of ours. The last
// step of the way of one kernel: artifact + where its schedule comes from -> kernel.o, libkernel.a,
// kernel.h, manifest.json, example.c (and board.ld for a board without an operating system). Relies
// on compiler/artifact for the object and on compiler/op for what the operator computes.
#ifndef TUNEFARM_DEPLOY_BUNDLE_BUNDLE_H_
#define TUNEFARM_DEPLOY_BUNDLE_BUNDLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/artifact/artifact.h"
#include "compiler/op/operator.h"

namespace tunefarm::deploy {

// Where the schedule comes from: what manifest.json and the head of kernel.h tell.
struct Provenance {
  std::string target;  // Canonical text.
  std::string config;  // Named knobs.
  std::string space;   // Name of the template's space.
  std::string space_hash;
  std::string schedule;  // Its steps, as printed.
  std::string how;       // exact | default
  // Of the measurement; meaningless where trial_id is 0.
  int64_t trial_id = 0;
  double cost_median = 0, cost_mad = 0;  // In cost_unit.
  std::string cost_unit = "ns";
  double gflops = 0;
  uint32_t samples = 0;
  std::string device;
  bool emulated = false;
  // Whether the code section is bit for bit the one that was measured; false also where nothing was
  // measured.
  bool measured_code = false;
};

struct BundleFile {
  std::string name;
  std::string bytes;
};

// The files of a bundle; the same input gives the same bytes. `artifact` was built from `op` under
// the symbol that the bundle's user will call. Errors: kInvalidArgument (the artifact has no object
// file or no symbol).
absl::StatusOr<std::vector<BundleFile>> MakeBundle(const compiler::Operator& op,
                                                   const compiler::Artifact& artifact,
                                                   const Provenance& provenance);

// Writes the files into `folder`, which is made where there is none; files of the same names are
// replaced, each at once. Errors: kPermissionDenied, kResourceExhausted, kInternal with the path
// and the operating system's reason.
absl::Status WriteBundle(const std::vector<BundleFile>& files, const std::string& folder);

// A C identifier that says what the kernel computes: the workload's key with every other character
// as '_'.
std::string DefaultSymbol(const compiler::Workload& workload);

// Whether `symbol` is a C identifier that may name a kernel: a letter first, at most 200
// characters.
bool IsValidSymbol(const std::string& symbol);

}  // namespace tunefarm::deploy

#endif  // TUNEFARM_DEPLOY_BUNDLE_BUNDLE_H_
