// What boards are emulated with, where it is installed.
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_MISSING_PROGRAMS_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_MISSING_PROGRAMS_H_

#include <string>

namespace tunefarm::testing {

// "" when OpenOCD and QEMU are there, else which is missing: why a test skips.
std::string MissingForEmulatedBoards();

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_MISSING_PROGRAMS_H_
