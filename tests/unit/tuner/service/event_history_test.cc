#include "tuner/service/event_history.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kNow = absl::ZeroDuration();

std::vector<std::string> ReadAll(const EventHistory& history) {
  std::vector<std::string> events;
  uint64_t next = 0;
  while (const auto event = history.Next(next, kNow)) {
    events.push_back(event->json);
    next = event->number + 1;
  }
  return events;
}

TEST(EventHistoryTest, LateWatcherGetsEverythingFromTheStart) {
  EventHistory history;
  history.Append("started", false);
  history.Append("trial", false);
  history.Append("done", true);
  EXPECT_EQ(ReadAll(history), (std::vector<std::string>{"started", "trial", "done"}));
  EXPECT_TRUE(history.is_closed());
}

TEST(EventHistoryTest, KeepsTheFirstEventAndTheNewestOnes) {
  EventHistory history(2);
  for (const char* event : {"started", "1", "2", "3", "4"}) history.Append(event, false);
  EXPECT_EQ(ReadAll(history), (std::vector<std::string>{"started", "3", "4"}));
}

TEST(EventHistoryTest, NothingFollowsTheLastEvent) {
  EventHistory history;
  history.Append("done", true);
  history.Append("late", false);
  EXPECT_EQ(ReadAll(history), std::vector<std::string>{"done"});
}

TEST(EventHistoryTest, WaitingWatcherIsWokenByAnEvent) {
  EventHistory history;
  std::optional<EventHistory::Event> seen;
  std::thread watcher([&] { seen = history.Next(0, absl::InfiniteDuration()); });
  history.Append("started", false);
  watcher.join();
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->json, "started");
}

TEST(EventHistoryTest, WaitingWatcherIsWokenByTheEndOfTheDaemon) {
  EventHistory history;
  history.Append("started", false);
  std::optional<EventHistory::Event> seen;
  std::thread watcher([&] { seen = history.Next(1, absl::InfiniteDuration()); });
  history.Close();
  watcher.join();
  EXPECT_FALSE(seen.has_value());
  EXPECT_TRUE(history.is_closed());
}

}  // namespace
}  // namespace tunefarm::tuner
