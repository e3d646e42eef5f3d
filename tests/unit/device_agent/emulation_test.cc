#include "device_agent/device/emulation.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

// Run by the test below under an emulator; the exit code is the answer.
constexpr char kProbe[] = "--emulation-probe";

TEST(EmulationTest, FilesAreToldApartByWhatTheyAreNotByTheirNames) {
  EXPECT_FALSE(AreDifferentFiles("/proc/self/exe", "/proc/self/exe"));
  EXPECT_TRUE(AreDifferentFiles("/proc/self/exe", "/proc/self/maps"));
  EXPECT_FALSE(AreDifferentFiles("/proc/self/exe", "/no/such/file")) << "nothing is known of it";
}

TEST(EmulationTest, ThisProcessIsNotEmulated) { EXPECT_FALSE(RunsUnderProgramEmulator()); }

// The hardest case: emulator and program are of one architecture.
TEST(EmulationTest, SameProgramUnderQemuIsEmulated) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers do not run under QEMU's user mode";
#endif
  utsname machine;
  ASSERT_EQ(uname(&machine), 0);
  const std::string qemu = std::string("/usr/bin/qemu-") + machine.machine + "-static";
  if (access(qemu.c_str(), X_OK) != 0) GTEST_SKIP() << "no " << qemu;
  char self[4096] = "";
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
  const std::string probe = std::string("'") + self + "' " + kProbe;
  EXPECT_EQ(WEXITSTATUS(std::system(probe.c_str())), 0);
  EXPECT_EQ(WEXITSTATUS(std::system((qemu + " " + probe).c_str())), 1);
}

}  // namespace
}  // namespace tunefarm::device_agent

int main(int argc, char** argv) {
  using namespace tunefarm::device_agent;  // NOLINT
  if (argc > 1 && std::string(argv[1]) == kProbe) return RunsUnderProgramEmulator() ? 1 : 0;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
