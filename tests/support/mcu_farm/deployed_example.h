// The program that a bundle for a board brings along, built and run as a user would.
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_DEPLOYED_EXAMPLE_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_DEPLOYED_EXAMPLE_H_

#include <string>

#include "tests/support/program.h"

namespace tunefarm::testing {

// Builds example.c of `bundle` for a core ("cortex-m7") with clang, without warnings, and runs it
// on QEMU's `machine`. What the compiler says where it fails.
Finished RunDeployedExample(const std::string& bundle, const std::string& cpu,
                            const std::string& machine);

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_DEPLOYED_EXAMPLE_H_
