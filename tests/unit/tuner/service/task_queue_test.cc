#include "tuner/service/task_queue.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

TEST(TaskQueueTest, OldestTaskComesFirst) {
  TaskQueue queue;
  queue.Add(1, "a");
  queue.Add(2, "b");
  EXPECT_EQ(queue.TakeNext(), 1);
  EXPECT_EQ(queue.TakeNext(), 2);
  EXPECT_EQ(queue.TakeNext(), std::nullopt);
}

TEST(TaskQueueTest, TasksOfOneTargetRunOneAfterTheOther) {
  TaskQueue queue;
  queue.Add(1, "a");
  queue.Add(2, "a");
  queue.Add(3, "b");
  EXPECT_EQ(queue.TakeNext(), 1);
  EXPECT_EQ(queue.TakeNext(), 3);
  EXPECT_FALSE(queue.HasNext());
  queue.Finish(1);
  EXPECT_TRUE(queue.HasNext());
  EXPECT_EQ(queue.TakeNext(), 2);
}

TEST(TaskQueueTest, OnlyAWaitingTaskCanBeTakenOut) {
  TaskQueue queue;
  queue.Add(1, "a");
  queue.Add(2, "a");
  EXPECT_EQ(queue.TakeNext(), 1);
  EXPECT_FALSE(queue.Remove(1));
  EXPECT_TRUE(queue.Remove(2));
  EXPECT_FALSE(queue.Remove(2));
  queue.Finish(1);
  EXPECT_FALSE(queue.HasNext());
}

TEST(TaskQueueTest, FinishOfAnUnknownTaskFreesNoTarget) {
  TaskQueue queue;
  queue.Add(1, "a");
  queue.Add(2, "a");
  EXPECT_EQ(queue.TakeNext(), 1);
  queue.Finish(7);
  EXPECT_FALSE(queue.HasNext());
}

}  // namespace
}  // namespace tunefarm::tuner
