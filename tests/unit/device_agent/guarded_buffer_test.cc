#include "device_agent/sandbox/guarded_buffer.h"

#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "proto/kernel_abi.h"

namespace tunefarm::device_agent {
namespace {

GuardedBuffer Buffer(uint64_t num_bytes) {
  absl::StatusOr<GuardedBuffer> buffer = GuardedBuffer::Anonymous(num_bytes);
  EXPECT_TRUE(buffer.ok()) << buffer.status();
  return *std::move(buffer);
}

TEST(GuardedBufferTest, DataIsAlignedAndEndsWithinOneUnitOfThePageEnd) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  base::Rng rng(kSeed);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t num_bytes = rng.Below(i % 2 == 0 ? 5000 : uint64_t{1} << 40) + 1;
    const GuardedLayout layout = GuardedLayout::For(num_bytes);
    ASSERT_EQ(layout.data_bytes, num_bytes);
    ASSERT_EQ(layout.front_bytes % TUNEFARM_BUFFER_ALIGNMENT_BYTES, 0u);
    ASSERT_LT(layout.front_bytes, PageBytes());
    ASSERT_LT(layout.back_bytes, TUNEFARM_BUFFER_ALIGNMENT_BYTES);
    ASSERT_EQ(layout.mapped_bytes() % PageBytes(), 0u);
  }
}

TEST(GuardedBufferTest, AllOfTheDataCanBeWritten) {
  for (const uint64_t num_bytes : {uint64_t{1}, uint64_t{64}, PageBytes(), PageBytes() * 3 + 7}) {
    const GuardedBuffer buffer = Buffer(num_bytes);
    ASSERT_EQ(buffer.data().size(), num_bytes);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(buffer.data().data()) % 64, 0u);
    std::memset(buffer.data().data(), 0x5A, num_bytes);
    ASSERT_EQ(buffer.FirstOverwrittenByte(), 0);
  }
}

TEST(GuardedBufferTest, DataThatBeginsEarlierHasTheSameSizeAndWholeSlack) {
  auto made = GuardedBuffer::Anonymous(PageBytes(), 512);
  ASSERT_TRUE(made.ok()) << made.status();
  std::byte* before = made->data().data();
  made->BeginEarlier(448);
  EXPECT_EQ(made->data().data(), before - 448);
  ASSERT_EQ(made->data().size(), PageBytes());
  std::memset(made->data().data(), 0x5A, PageBytes());
  EXPECT_EQ(made->FirstOverwrittenByte(), 0);
  before[PageBytes() - 448] = std::byte{0};
  EXPECT_EQ(made->FirstOverwrittenByte(), 1);
}

TEST(GuardedBufferTest, RoomInFrontIsThereForEverySize) {
  for (uint64_t num_bytes = 1; num_bytes < 2 * PageBytes(); num_bytes += 61) {
    const GuardedLayout layout = GuardedLayout::For(num_bytes, 512);
    ASSERT_GE(layout.front_bytes, 512u) << num_bytes;
    ASSERT_LT(layout.front_bytes, 512 + PageBytes()) << num_bytes;
    ASSERT_LT(layout.back_bytes, TUNEFARM_BUFFER_ALIGNMENT_BYTES) << num_bytes;
  }
}

TEST(GuardedBufferTest, WriteIntoTheSlackIsSeen) {
  const GuardedBuffer buffer = Buffer(100);
  std::byte* data = buffer.data().data();
  data[-3] = std::byte{0};
  EXPECT_EQ(buffer.FirstOverwrittenByte(), -3);
  data[100 + 5] = std::byte{0};
  EXPECT_EQ(buffer.FirstOverwrittenByte(), 6);
}

// Deliberate faults: a sanitizer would report them in its own words.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(GuardedBufferDeathTest, AccessBeyondThePageFaults) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const GuardedBuffer buffer = Buffer(PageBytes());
  volatile std::byte* data = buffer.data().data();
  EXPECT_EXIT(data[PageBytes()] = std::byte{1}, testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(data[-1] = std::byte{1}, testing::KilledBySignal(SIGSEGV), "");
}

TEST(GuardedBufferDeathTest, WriteToProtectedDataFaults) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  GuardedBuffer buffer = Buffer(100);
  ASSERT_TRUE(buffer.ProtectFromWrites().ok());
  volatile std::byte* data = buffer.data().data();
  EXPECT_EXIT(data[0] = std::byte{1}, testing::KilledBySignal(SIGSEGV), "");
}
#endif

TEST(GuardedBufferTest, ImpossibleSizeIsRefused) {
  const absl::StatusOr<GuardedBuffer> buffer = GuardedBuffer::Anonymous(uint64_t{1} << 60);
  EXPECT_EQ(buffer.status().code(), absl::StatusCode::kResourceExhausted) << buffer.status();
}

}  // namespace
}  // namespace tunefarm::device_agent
