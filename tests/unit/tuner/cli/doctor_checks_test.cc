#include "tuner/cli/doctor_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;

TEST(DoctorTest, WarnsOfAGovernorThatLetsTheClockWander) {
  const std::filesystem::path cpus = ::testing::TempDir() + "doctor_cpus";
  std::filesystem::create_directories(cpus / "cpu0/cpufreq");
  std::ofstream(cpus / "cpu0/cpufreq/scaling_governor") << "powersave\n";
  const Finding powersave = CheckGovernor(cpus);
  EXPECT_EQ(powersave.health, Health::kWarn);
  EXPECT_THAT(powersave.advice, HasSubstr("scaling_governor"));
  std::ofstream(cpus / "cpu0/cpufreq/scaling_governor") << "performance\n";
  EXPECT_EQ(CheckGovernor(cpus).health, Health::kOk);
  EXPECT_EQ(CheckGovernor("/no/such/folder").health, Health::kOk);
}

TEST(DoctorTest, WarnsOfOtherWorkOnTheMachine) {
  EXPECT_EQ(CheckLoad("0.10 0.20 0.30 1/100 42", 2).health, Health::kOk);
  EXPECT_EQ(CheckLoad("1.90 0.20 0.30 1/100 42", 2).health, Health::kWarn);
  EXPECT_EQ(CheckLoad("", 2).health, Health::kOk);
}

TEST(DoctorTest, FailsWhereTheLogsFolderIsNotThere) {
  const Finding finding = CheckDisk("/no/such/folder/tuner.db");
  EXPECT_EQ(finding.health, Health::kFail);
  EXPECT_THAT(finding.found, HasSubstr("/no/such/folder"));
}

TEST(DoctorTest, FailsOnAFileThatIsNoLog) {
  const std::string path = ::testing::TempDir() + "doctor_no_log.db";
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_EQ(CheckLog(path).health, Health::kFail);
  EXPECT_EQ(CheckLog(::testing::TempDir() + "doctor_none.db").health, Health::kOk);
}

TEST(DoctorTest, WarnsOfAProcessorWithoutWideVectors) {
  compiler::Target narrow;
  narrow.cpu = "x86-64";
  EXPECT_EQ(CheckVectors(narrow).health, Health::kWarn);
  compiler::Target wide;
  wide.vector_bits = 256;
  wide.features = {"avx2", "fma"};
  EXPECT_EQ(CheckVectors(wide).health, Health::kOk);
}

TEST(DoctorTest, WarnsOfAPortThatIsNoAddress) {
  EXPECT_EQ(CheckPort("nonsense").health, Health::kWarn);
}

}  // namespace
}  // namespace tunefarm::tuner
