#include "tracker/blob_store.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/hash.h"

namespace tunefarm::tracker {
namespace {

// A blob of 100 bytes, all alike.
std::string Blob(char fill) { return std::string(100, fill); }
std::string Digest(const std::string& data) { return base::Sha256Hex(std::string_view(data)); }
absl::Status Put(BlobStore& store, const std::string& data) {
  return store.Put(Digest(data), data);
}

TEST(BlobStoreTest, GivesBackWhatWasPut) {
  BlobStore store(1000);
  ASSERT_TRUE(Put(store, Blob('a')).ok());
  ASSERT_NE(store.Get(Digest(Blob('a'))), nullptr);
  EXPECT_EQ(*store.Get(Digest(Blob('a'))), Blob('a'));
  EXPECT_EQ(store.Get(Digest(Blob('b'))), nullptr);
}

TEST(BlobStoreTest, DigestThatDoesNotMatchIsRefused) {
  BlobStore store(1000);
  EXPECT_EQ(store.Put(Digest(Blob('a')), Blob('b')).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store.size_bytes(), 0u);
}

TEST(BlobStoreTest, SameBlobTwiceIsHeldOnce) {
  BlobStore store(1000);
  ASSERT_TRUE(Put(store, Blob('a')).ok());
  ASSERT_TRUE(Put(store, Blob('a')).ok());
  EXPECT_EQ(store.size_bytes(), 100u);
}

TEST(BlobStoreTest, LeastRecentlyUsedGoesFirst) {
  BlobStore store(300);
  for (const char fill : {'a', 'b', 'c'}) ASSERT_TRUE(Put(store, Blob(fill)).ok());
  ASSERT_NE(store.Get(Digest(Blob('a'))), nullptr);  // Now b is the oldest.
  ASSERT_TRUE(Put(store, Blob('d')).ok());
  EXPECT_EQ(store.Get(Digest(Blob('b'))), nullptr);
  EXPECT_NE(store.Get(Digest(Blob('a'))), nullptr);
  EXPECT_NE(store.Get(Digest(Blob('c'))), nullptr);
  EXPECT_EQ(store.size_bytes(), 300u);
}

TEST(BlobStoreTest, BlobThatIsHeldStays) {
  BlobStore store(200);
  ASSERT_TRUE(Put(store, Blob('a')).ok());
  const BlobStore::Handle held = store.Get(Digest(Blob('a')));
  for (const char fill : {'b', 'c', 'd'}) ASSERT_TRUE(Put(store, Blob(fill)).ok());
  EXPECT_NE(store.Get(Digest(Blob('a'))), nullptr);
  EXPECT_EQ(store.size_bytes(), 200u);
}

TEST(BlobStoreTest, BlobThatDoesNotFitBesideTheHeldOnesIsRefused) {
  BlobStore store(150);
  ASSERT_TRUE(Put(store, Blob('a')).ok());
  BlobStore::Handle held = store.Get(Digest(Blob('a')));
  EXPECT_EQ(Put(store, Blob('b')).code(), absl::StatusCode::kResourceExhausted);
  held.reset();
  EXPECT_TRUE(Put(store, Blob('b')).ok());
}

}  // namespace
}  // namespace tunefarm::tracker
