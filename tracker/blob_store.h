// The tracker's memory for blobs (expected outputs), by digest: clients put them, agents fetch
// them. The least recently used go first when the store is full, but never one that a submission in
// progress holds. Thread-safe.
#ifndef TUNEFARM_TRACKER_BLOB_STORE_H_
#define TUNEFARM_TRACKER_BLOB_STORE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace tunefarm::tracker {

class BlobStore {
 public:
  // While a caller holds one, the blob stays in the store.
  using Handle = std::shared_ptr<const std::string>;

  explicit BlobStore(size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Keeps `data` under `digest`; again is no error. Errors: INVALID_ARGUMENT (digest is not the
  // SHA-256 of data), RESOURCE_EXHAUSTED (does not fit beside the blobs that are held).
  absl::Status Put(const std::string& digest, const std::string& data);

  // Null when the store does not have it.
  Handle Get(const std::string& digest);

  size_t size_bytes() const;

 private:
  struct Entry {
    std::string digest;
    Handle data;
  };
  using Entries = std::list<Entry>;  // Most recently used first.

  void MakeRoom(size_t needed_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_bytes_;
  mutable base::Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Entries::iterator> by_digest_ ABSL_GUARDED_BY(mutex_);
  size_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_BLOB_STORE_H_
