#include "base/lru_cache.h"

#include <memory>

#include "gtest/gtest.h"

namespace tunefarm::base {
namespace {

using Cache = LruCache<std::shared_ptr<int>>;

std::shared_ptr<int> Of(int value) { return std::make_shared<int>(value); }

TEST(LruCacheTest, LeastRecentlyUsedIsDroppedWhenBytesRunOut) {
  Cache cache(100);
  cache.Put("a", Of(1), 40);
  cache.Put("b", Of(2), 40);
  EXPECT_EQ(*cache.Get("a"), 1);
  cache.Put("c", Of(3), 40);
  EXPECT_EQ(cache.Get("b"), nullptr);
  EXPECT_EQ(*cache.Get("a"), 1);
  EXPECT_EQ(*cache.Get("c"), 3);
  EXPECT_EQ(cache.used_bytes(), 80u);
}

TEST(LruCacheTest, LaterValueTakesThePlaceOfTheEarlierOne) {
  Cache cache(100);
  cache.Put("a", Of(1), 40);
  cache.Put("a", Of(2), 60);
  EXPECT_EQ(*cache.Get("a"), 2);
  EXPECT_EQ(cache.used_bytes(), 60u);
}

TEST(LruCacheTest, WhatExceedsTheCapacityIsNotKept) {
  Cache cache(100);
  cache.Put("a", Of(1), 101);
  EXPECT_EQ(cache.Get("a"), nullptr);
  EXPECT_EQ(cache.used_bytes(), 0u);
}

TEST(LruCacheTest, WhatWasHandedOutOutlivesItsPlace) {
  Cache cache(10);
  cache.Put("a", Of(1), 10);
  const std::shared_ptr<int> held = cache.Get("a");
  cache.Put("b", Of(2), 10);
  EXPECT_EQ(*held, 1);
}

}  // namespace
}  // namespace tunefarm::base
