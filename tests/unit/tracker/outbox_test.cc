#include "tracker/outbox.h"

#include <gtest/gtest.h>

#include <string>

namespace tunefarm::tracker {
namespace {

struct Message {
  std::string text;
  size_t ByteSizeLong() const { return text.size(); }
};

using Box = Outbox<Message>;
using Kind = Box::Kind;
using Pending = Box::Pending;

TEST(OutboxTest, WritesOneMessageAtATimeInOrder) {
  Box box;
  box.Push({"one"});
  box.Push({"two"});
  EXPECT_EQ(box.Next().message->text, "one");
  EXPECT_EQ(box.Next().kind, Kind::kNothing);  // The first write is still in flight.
  box.WriteDone(true);
  EXPECT_EQ(box.Next().message->text, "two");
  box.WriteDone(true);
  EXPECT_EQ(box.Next().kind, Kind::kNothing);
}

TEST(OutboxTest, FinishesOnceAndAfterWhatWaits) {
  Box box;
  box.Push({"one"});
  box.Close(absl::OkStatus(), Pending::kDeliver);
  box.Push({"after the end"});
  EXPECT_EQ(box.Next().message->text, "one");
  EXPECT_EQ(box.Next().kind, Kind::kNothing);
  box.WriteDone(true);
  EXPECT_EQ(box.Next().kind, Kind::kFinish);
  EXPECT_EQ(box.Next().kind, Kind::kNothing);
}

TEST(OutboxTest, ClosingCanDropWhatWaits) {
  Box box;
  box.Push({"one"});
  box.Push({"two"});
  ASSERT_EQ(box.Next().kind, Kind::kWrite);
  box.Close(absl::AbortedError("lost"), Pending::kDrop);
  EXPECT_EQ(box.Next().kind, Kind::kNothing);  // Finish never overtakes a write.
  box.WriteDone(true);
  const Box::Step step = box.Next();
  EXPECT_EQ(step.kind, Kind::kFinish);
  EXPECT_EQ(step.status.code(), absl::StatusCode::kAborted);
}

TEST(OutboxTest, FirstEndCounts) {
  Box box;
  box.Close(absl::OkStatus(), Pending::kDeliver);
  box.Close(absl::CancelledError("gone"), Pending::kDrop);
  EXPECT_TRUE(box.Next().status.ok());
}

TEST(OutboxTest, PeerThatDoesNotReadIsBrokenOff) {
  Box box({.max_messages = 2, .max_bytes = 1000});
  box.Push({"in flight"});
  ASSERT_EQ(box.Next().kind, Kind::kWrite);
  for (int i = 0; i < 3; ++i) box.Push({"waiting"});
  ASSERT_EQ(box.Next().kind, Kind::kCancel);  // Only that ends the write.
  box.WriteDone(false);
  EXPECT_EQ(box.Next().kind, Kind::kNothing);  // Not while TryCancel runs: Finish frees the call.
  box.CancelDone();
  const Box::Step step = box.Next();
  EXPECT_EQ(step.kind, Kind::kFinish);
  EXPECT_EQ(step.status.code(), absl::StatusCode::kResourceExhausted);
}

TEST(OutboxTest, BytesAreLimitedToo) {
  Box box({.max_messages = 100, .max_bytes = 10});
  box.Push({"0123456"});
  ASSERT_EQ(box.Next().kind, Kind::kWrite);
  box.WriteDone(true);
  box.Push({"0123456"});  // The first one's bytes are free again.
  ASSERT_EQ(box.Next().kind, Kind::kWrite);
  box.Push({"0123456"});
  EXPECT_EQ(box.Next().kind, Kind::kCancel);
}

}  // namespace
}  // namespace tunefarm::tracker
