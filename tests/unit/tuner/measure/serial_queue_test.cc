#include "tuner/measure/serial_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace tunefarm::tuner {
namespace {

using ::testing::ElementsAre;

TEST(SerialQueueTest, FunctionsRunInOrderOnOneThread) {
  std::vector<int> order;
  std::thread::id first, second;
  std::promise<void> done;
  SerialQueue queue;
  queue.Post([&] {
    order.push_back(1);
    first = std::this_thread::get_id();
  });
  queue.Post([&] {
    order.push_back(2);
    second = std::this_thread::get_id();
    done.set_value();
  });
  done.get_future().wait();
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_EQ(first, second);
}

TEST(SerialQueueTest, ManyThreadsMayPost) {
  int count = 0;  // Touched by the queue's thread alone.
  std::promise<void> done;
  SerialQueue queue;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([poster = queue.poster(), &count] {
      for (int j = 0; j < 1000; ++j) poster.Post([&count] { ++count; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  queue.Post([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(count, 4000);
}

TEST(SerialQueueTest, RunningFunctionMayPost) {
  std::promise<void> done;
  SerialQueue queue;
  queue.Post([&] { queue.Post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(SerialQueueTest, EndWaitsForTheFunctionThatRuns) {
  std::atomic<bool> finished = false;
  std::promise<void> begun, may_end;
  std::optional<SerialQueue> queue(std::in_place);
  queue->Post([&] {
    begun.set_value();
    may_end.get_future().wait();
    finished = true;
  });
  begun.get_future().wait();
  std::thread ender([&] { queue.reset(); });
  may_end.set_value();
  ender.join();
  EXPECT_TRUE(finished);
}

TEST(SerialQueueTest, PostToAQueueThatIsGoneIsDropped) {
  std::optional<SerialQueue> queue(std::in_place);
  const SerialQueue::Poster poster = queue->poster();
  queue.reset();
  bool ran = false;
  poster.Post([&] { ran = true; });
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace tunefarm::tuner
