// The Debian packages as deploy/package/build.sh makes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/integration/cross/boards.h"
#include "tests/support/program.h"

namespace tunefarm {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using tunefarm::testing::Finished;
using tunefarm::testing::RunProgram;
using tunefarm::testing::TempFolder;

// The package of an architecture; empty where it has not been built.
std::string PackageOf(const std::string& architecture) {
  const fs::path folder = TUNEFARM_SOURCE_DIR "/build/packages";
  if (!fs::exists(folder)) return "";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with("_" + architecture + ".deb")) {
      return entry.path();
    }
  }
  return "";
}

constexpr char kHowToBuild[] = "there is no package: deploy/package/build.sh makes it";

TEST(PackageTest, IsInstalledCheckedUpgradedAndPurgedInAFreshDebian) {
  const std::string package = PackageOf("amd64");
  if (package.empty()) GTEST_SKIP() << kHowToBuild;
  if (RunProgram("/usr/bin/mmdebstrap", {"--simulate", "--variant=apt", "bookworm", "/dev/null"})
          .code != 0) {
    GTEST_SKIP() << "mmdebstrap cannot reach a Debian mirror from here";
  }
  const Finished finished = RunProgram(TUNEFARM_SOURCE_DIR "/deploy/package/verify.sh", {package});
  EXPECT_EQ(finished.code, 0) << finished.err;
  for (const char* line : {"user: uid=", "program: tuner-agent ", "unit: verified",
                           "configuration: kept by an upgrade", "purged: nothing is left"}) {
    EXPECT_THAT(finished.out, HasSubstr(line));
  }
  std::printf("%s", finished.out.c_str());
}

class BoardPackageTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BoardPackageTest, HoldsTheAgentForItsProcessorAndItsConfigurationAsAConffile) {
  const std::string package = PackageOf(GetParam());
  if (package.empty()) GTEST_SKIP() << kHowToBuild;
  const EmulatedAgent found = FindAgent(GetParam());
  if (!found.missing.empty()) GTEST_SKIP() << found.missing;
  EXPECT_EQ(RunProgram("/usr/bin/dpkg-deb", {"--field", package, "Architecture"}).out,
            std::string(GetParam()) + "\n");
  EXPECT_EQ(RunProgram("/usr/bin/dpkg-deb", {"--info", package, "conffiles"}).out,
            "/etc/tunefarm/agent.toml\n");
  const TempFolder root;
  ASSERT_EQ(RunProgram("/usr/bin/dpkg-deb", {"--extract", package, root.path()}).code, 0);
  EXPECT_TRUE(fs::exists(root.File("lib/systemd/system/tuner-agent.service")) ||
              fs::exists(root.File("usr/lib/systemd/system/tuner-agent.service")));
  const Finished version =
      RunProgram(found.emulator, {root.File("usr/bin/tuner-agent"), "--version"});
  EXPECT_THAT(version.out, HasSubstr("tuner-agent "));
}

INSTANTIATE_TEST_SUITE_P(Processors, BoardPackageTest, ::testing::Values("arm64", "armhf"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tunefarm
