#include "device_agent/device/cores.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tunefarm::device_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<CoreFacts> CoresOf(const std::string& tree, const std::vector<int>& cores) {
  return ReadCoreFacts(SystemFiles(std::string(TUNEFARM_SOURCE_DIR "/tests/data/sysfs/") + tree),
                       cores);
}

std::vector<int> Order(const std::vector<CoreFacts>& cores, const std::string& choice) {
  std::vector<int> order;
  const auto sorted = MeasuringCores(cores, choice);
  EXPECT_TRUE(sorted.ok()) << sorted.status();
  for (const CoreFacts& core : sorted.value_or(cores)) order.push_back(core.index);
  return order;
}

TEST(CoresTest, PhonesFastestCoreComesFirst) {
  const std::vector<CoreFacts> phone = CoresOf("android_phone", {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(Order(phone, ""), ElementsAre(7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_THAT(Order(phone, "big"), ElementsAre(7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_TRUE(HasClusters(phone));
  EXPECT_EQ(ClusterName(*MeasuringCores(phone, "")), "big");
}

TEST(CoresTest, LittleCoresAreTakenWhenAskedFor) {
  const std::vector<CoreFacts> phone = CoresOf("android_phone", {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(Order(phone, "little"), ElementsAre(3, 2, 1, 0, 6, 5, 4, 7));
  EXPECT_EQ(ClusterName(*MeasuringCores(phone, "little")), "little");
}

TEST(CoresTest, FastestCoreNeedNotBeTheLast) {
  const std::vector<CoreFacts> cores = {{0, 1024, 0}, {1, 1024, 0}, {2, 400, 0}, {3, 400, 0}};
  EXPECT_THAT(Order(cores, ""), ElementsAre(1, 0, 3, 2));
}

TEST(CoresTest, ClockDecidesWhereCapacityIsNotToldOfEveryCore) {
  const std::vector<CoreFacts> cores = {{0, 0, 1'800'000'000}, {1, 1024, 1'400'000'000}};
  EXPECT_THAT(Order(cores, ""), ElementsAre(0, 1));
  EXPECT_TRUE(HasClusters(cores));
}

TEST(CoresTest, EqualCoresAreTakenFromTheLast) {
  const std::vector<CoreFacts> pi = CoresOf("raspberry_pi5", {0, 1, 2, 3});
  EXPECT_THAT(Order(pi, ""), ElementsAre(3, 2, 1, 0));
  EXPECT_FALSE(HasClusters(pi));
  EXPECT_EQ(ClusterName(pi), "");
  EXPECT_EQ(pi[0].max_frequency_hz, 2'400'000'000u);
}

TEST(CoresTest, NamedCoreComesFirst) {
  EXPECT_THAT(Order(CoresOf("raspberry_pi3", {0, 1, 2, 3}), "1"), ElementsAre(1, 3, 2, 0));
}

TEST(CoresTest, OtherChoicesAreRefused) {
  const std::vector<CoreFacts> cores = {{0, 0, 0}, {1, 0, 0}};
  const absl::Status missing = MeasuringCores(cores, "7").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("core 7 is not among the 2 cores"));
  EXPECT_EQ(MeasuringCores(cores, "fast").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(PinToCore(100000).ok());
}

}  // namespace
}  // namespace tunefarm::device_agent
