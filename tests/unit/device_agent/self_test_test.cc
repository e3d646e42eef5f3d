#include "device_agent/self_test.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

// A tree of system files that a test writes.
class SelfTestTest : public ::testing::Test {
 protected:
  SelfTestTest() {
    path_ = ::testing::TempDir() + "self_test_XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~SelfTestTest() override { fs::remove_all(path_); }

  void Write(const std::string& file, const std::string& text) {
    fs::create_directories(fs::path(path_ + file).parent_path());
    std::ofstream(path_ + file) << text << "\n";
  }
  CheckLine Line(const std::string& subject) {
    for (const CheckLine& line : CheckSystem(SystemFiles(path_), 3)) {
      if (line.subject == subject) return line;
    }
    ADD_FAILURE() << "no line about " << subject;
    return {};
  }

  std::string path_;
};

TEST_F(SelfTestTest, GovernorOfTheMeasuringCoreIsToBePerformance) {
  const std::string file = "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor";
  EXPECT_EQ(Line("governor").finding, Finding::kWarning);
  EXPECT_THAT(Line("governor").text, HasSubstr("core 3 does not tell its frequency"));
  Write(file, "ondemand");
  EXPECT_EQ(Line("governor").finding, Finding::kWarning);
  EXPECT_THAT(Line("governor").text, HasSubstr("echo performance > " + file));
  Write(file, "performance");
  EXPECT_EQ(Line("governor").finding, Finding::kOk);
}

TEST_F(SelfTestTest, TemperatureIsToBeReadable) {
  EXPECT_EQ(Line("thermal").finding, Finding::kWarning);
  Write("/sys/class/thermal/thermal_zone0/type", "cpu-thermal");
  Write("/sys/class/thermal/thermal_zone0/temp", "48312");
  EXPECT_EQ(Line("thermal").finding, Finding::kOk);
  EXPECT_THAT(Line("thermal").text, HasSubstr("48.3 C"));
}

TEST_F(SelfTestTest, CountersAreToBeForOwnProcesses) {
  EXPECT_THAT(Line("perf").text, HasSubstr("no performance counters"));
  Write("/proc/sys/kernel/perf_event_paranoid", "3");
  EXPECT_EQ(Line("perf").finding, Finding::kWarning);
  EXPECT_THAT(Line("perf").text, HasSubstr("sysctl kernel.perf_event_paranoid=2"));
  Write("/proc/sys/kernel/perf_event_paranoid", "2");
  EXPECT_EQ(Line("perf").finding, Finding::kOk);
}

TEST_F(SelfTestTest, ScantMemoryIsAWarning) {
  Write("/proc/meminfo", "MemTotal: 131072 kB");
  EXPECT_EQ(Line("memory").finding, Finding::kWarning);
  Write("/proc/meminfo", "MemTotal: 3884360 kB");
  EXPECT_EQ(Line("memory").finding, Finding::kOk);
  EXPECT_EQ(Line("memory").text, "3793 MiB of memory");
}

TEST_F(SelfTestTest, WarningsAreNoFailure) {
  EXPECT_TRUE(PrintFindings({{Finding::kOk, "a", "b"}, {Finding::kWarning, "c", "d"}}));
  EXPECT_FALSE(PrintFindings({{Finding::kOk, "a", "b"}, {Finding::kFailure, "c", "d"}}));
}

}  // namespace
}  // namespace tunefarm::device_agent
