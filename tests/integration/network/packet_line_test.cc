#include "tests/support/packet_line.h"

#include <gtest/gtest.h>

#include <optional>

namespace tunefarm::testing {
namespace {

const absl::Time kStart = absl::UnixEpoch();

PacketLine::Packet Numbered(int number) {
  return {static_cast<uint8_t>(number & 0xFF), static_cast<uint8_t>(number >> 8)};
}
int NumberOf(const PacketLine::Packet& packet) { return packet[0] + (packet[1] << 8); }

TEST(PacketLineTest, PerfectLineDeliversAtOnceAndInOrder) {
  PacketLine line(/*seed=*/1);
  for (int i = 0; i < 3; ++i) line.Send(Numbered(i), kStart);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(line.Receive(kStart), Numbered(i));
  EXPECT_EQ(line.Receive(kStart), std::nullopt);
  EXPECT_EQ(line.NextArrival(), absl::InfiniteFuture());
}

TEST(PacketLineTest, PacketArrivesWhenItsDelayIsOver) {
  PacketLine line(/*seed=*/1);
  line.SetQuality({.delay = absl::Milliseconds(80)});
  line.Send(Numbered(7), kStart);
  EXPECT_EQ(line.NextArrival(), kStart + absl::Milliseconds(80));
  EXPECT_EQ(line.Receive(kStart + absl::Milliseconds(79)), std::nullopt);
  EXPECT_EQ(line.Receive(kStart + absl::Milliseconds(80)), Numbered(7));
}

TEST(PacketLineTest, PoorLineLosesItsPartAndLetsPacketsOvertake) {
  PacketLine line(/*seed=*/1);
  line.SetQuality(
      {.loss = 0.05, .delay = absl::Milliseconds(80), .jitter = absl::Milliseconds(30)});
  constexpr int kPackets = 10000;
  for (int i = 0; i < kPackets; ++i) {
    const absl::Time now = kStart + i * absl::Milliseconds(1);
    line.Send(Numbered(i), now);
    while (const auto packet = line.Receive(now)) {
      const absl::Duration taken = now - (kStart + NumberOf(*packet) * absl::Milliseconds(1));
      EXPECT_GE(taken, absl::Milliseconds(50));
      EXPECT_LE(taken, absl::Milliseconds(111));  // Looked for once a millisecond.
    }
  }
  while (line.Receive(absl::InfiniteFuture())) continue;
  const LineCounts& counts = line.counts();
  EXPECT_EQ(counts.passed + counts.lost, kPackets);
  EXPECT_NEAR(static_cast<double>(counts.lost) / kPackets, 0.05, 0.01);
  EXPECT_GT(counts.overtaken, kPackets / 2);
}

TEST(PacketLineTest, CutTakesWhatIsOnTheWayToo) {
  PacketLine line(/*seed=*/1);
  line.SetQuality({.delay = absl::Milliseconds(80)});
  line.Send(Numbered(1), kStart);
  line.SetCut(true);
  line.Send(Numbered(2), kStart);
  line.SetCut(false);
  line.Send(Numbered(3), kStart);
  EXPECT_EQ(line.Receive(absl::InfiniteFuture()), Numbered(3));
  EXPECT_EQ(line.Receive(absl::InfiniteFuture()), std::nullopt);
  EXPECT_EQ(line.counts().cut_off, 2);
}

}  // namespace
}  // namespace tunefarm::testing
