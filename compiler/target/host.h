// This machine as a Target: what "native" means. Reads Linux's own description of the processor
// (/proc/cpuinfo and /sys), never LLVM, and only the description decides, so that any machine can
// be described in a test.
#ifndef TUNEFARM_COMPILER_TARGET_HOST_H_
#define TUNEFARM_COMPILER_TARGET_HOST_H_

#include <string>

#include "compiler/target/target.h"

namespace tunefarm::compiler {

// The target that a text in the format of /proc/cpuinfo describes, on `arch` (uname -m: "x86_64",
// "aarch64"); caches and throughput are those known of that processor. A model that is not known
// gets the cpu name of its psABI level (x86-64-v4, -v3, -v2) or "generic".
Target DescribeMachine(const std::string& cpuinfo, const std::string& arch);

// The machine this process runs on: DescribeMachine of its own files, with the cores this process
// may use and the cache sizes the kernel reports.
Target HostTarget();

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_TARGET_HOST_H_
