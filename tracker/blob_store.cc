#include "tracker/blob_store.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/hash.h"

namespace tunefarm::tracker {

absl::Status BlobStore::Put(const std::string& digest, const std::string& data) {
  const std::string actual = base::Sha256Hex(std::string_view(data));
  if (actual != digest) {
    return absl::InvalidArgumentError(
        absl::StrFormat("put blob: its %u bytes have the digest %s, not %s", data.size(), actual,
                        digest.substr(0, actual.size())));
  }
  base::MutexLock lock(&mutex_);
  if (const auto it = by_digest_.find(digest); it != by_digest_.end()) {
    entries_.splice(entries_.begin(), entries_, it->second);
    return absl::OkStatus();
  }
  MakeRoom(data.size());
  if (size_bytes_ + data.size() > capacity_bytes_) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "put blob of %u bytes: the store holds %u bytes that are in use, its limit is %u",
        data.size(), size_bytes_, capacity_bytes_));
  }
  entries_.push_front({digest, std::make_shared<const std::string>(data)});
  by_digest_[digest] = entries_.begin();
  size_bytes_ += data.size();
  return absl::OkStatus();
}

BlobStore::Handle BlobStore::Get(const std::string& digest) {
  base::MutexLock lock(&mutex_);
  const auto it = by_digest_.find(digest);
  if (it == by_digest_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->data;
}

size_t BlobStore::size_bytes() const {
  base::MutexLock lock(&mutex_);
  return size_bytes_;
}

void BlobStore::MakeRoom(size_t needed_bytes) {
  for (auto it = entries_.end(); it != entries_.begin();) {
    if (size_bytes_ + needed_bytes <= capacity_bytes_) return;
    --it;
    if (it->data.use_count() > 1) continue;
    size_bytes_ -= it->data->size();
    by_digest_.erase(it->digest);
    it = entries_.erase(it);
  }
}

}  // namespace tunefarm::tracker
