#include "tuner/cli/device_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DeviceReport PiReport() {
  DeviceReport report;
  report.name = "pi";
  v1::DeviceEntry& live = report.live.emplace();
  live.set_status(v1::DEVICE_STATUS_BUSY);
  live.set_connected_ns(100'000'000'000);
  live.set_busy_ns(50'000'000'000);
  live.mutable_info()->set_name("pi");
  live.mutable_info()->set_cpu("cortex-a76");
  v1::Core* core = live.mutable_info()->add_cores();
  core->set_index(3);
  core->set_max_frequency_hz(2'400'000'000);
  v1::DeviceState& state = *live.mutable_state();
  state.set_governor("ondemand");
  state.set_temperature_millicelsius(81'500);
  state.set_throttled(true);
  state.set_firmware_throttled(0x80008);
  state.set_holding(true);

  db::DeviceActivity& logged = report.logged.emplace();
  logged.device.name = "pi";
  logged.num_trials = 40;
  logged.num_ok = 38;
  logged.num_superseded = 16;
  logged.noise.push_back({.target = "rpi5",
                          .num_timings = 12,
                          .median_ns = 50'000,
                          .noise = 0.0042,
                          .num_drifted = 1,
                          .last_at_ns = 5});
  db::ReferenceRecord& reference = logged.references.emplace_back();
  reference.cost.min_ns = 51'000;
  reference.drift = 0.05;
  reference.verdict = db::ReferenceVerdict::kDrifted;
  return report;
}

TEST(DeviceReportTest, TextTellsStateNoiseAndDrift) {
  const std::string text = PrintText(PiReport());
  EXPECT_THAT(text, HasSubstr("status       busy\n"));
  EXPECT_THAT(text, HasSubstr("cores        3 up to 2400 MHz\n"));
  EXPECT_THAT(text, HasSubstr("governor     ondemand\n"));
  EXPECT_THAT(text, HasSubstr("temperature  81.5 C (waiting for it to cool)\n"));
  EXPECT_THAT(text, HasSubstr("throttled    yes (firmware says 0x80008)\n"));
  EXPECT_THAT(text, HasSubstr("busy 50.00 %"));
  EXPECT_THAT(text, HasSubstr("16 measured again after a drift"));
  EXPECT_THAT(text, HasSubstr("0.42 % (MAD / median of 12 reference timings, 1 drifted) for rpi5"));
  EXPECT_THAT(text, HasSubstr("+5.00 %"));
  EXPECT_THAT(text, HasSubstr("drifted"));
  EXPECT_THAT(text, Not(HasSubstr("load"))) << "nobody told it";
}

TEST(DeviceReportTest, DeviceThatOnlyTheLogKnowsIsToldFromThere) {
  DeviceReport report = PiReport();
  report.live.reset();
  report.logged->device.cpu = "cortex-a72";
  report.logged->device.emulated = true;
  EXPECT_THAT(PrintText(report), HasSubstr("cpu          cortex-a72 (emulated)\n"));
  EXPECT_THAT(PrintText(report), Not(HasSubstr("status")));
  EXPECT_TRUE(PrintJson(report)["live"].is_null());
}

TEST(DeviceReportTest, QuarantinedKernelsAreNamedWithWhatTheyDid) {
  DeviceReport report = PiReport();
  EXPECT_THAT(PrintText(report), Not(HasSubstr("quarantined")));
  v1::QuarantinedKernel* kernel = report.live->add_quarantined();
  kernel->set_digest(std::string(64, 'a'));
  kernel->set_reason("made no progress for 2s");
  EXPECT_THAT(PrintText(report),
              HasSubstr("quarantined  kernel aaaaaaaaaaaa: made no progress for 2s\n"));
  const auto json = ToJson(*report.live)["quarantined"];
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["digest"], kernel->digest());
  EXPECT_EQ(json[0]["reason"], "made no progress for 2s");
}

TEST(DeviceReportTest, JsonHasNullsForWhatNobodyTold) {
  const auto json = PrintJson(PiReport());
  EXPECT_EQ(json["name"], "pi");
  EXPECT_EQ(json["live"]["governor"], "ondemand");
  EXPECT_EQ(json["live"]["firmware_throttled"], 0x80008);
  EXPECT_TRUE(json["live"]["load_average"].is_null());
  EXPECT_EQ(json["log"]["noise"][0]["noise"], 0.0042);
  EXPECT_EQ(json["log"]["references"][0]["verdict"], "drifted");
  EXPECT_TRUE(json["log"]["references"][0]["throttled"].is_null());
}

}  // namespace
}  // namespace tunefarm::tuner
