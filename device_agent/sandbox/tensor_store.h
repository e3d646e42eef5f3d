// Inputs and expected outputs as memory files: made once for a task, mapped by every candidate.
//
// Lives in the agent. The files are sealed, so no candidate can change what the next one reads, and
// they belong to no process: nothing is left behind when one dies.
#ifndef TUNEFARM_DEVICE_AGENT_SANDBOX_TENSOR_STORE_H_
#define TUNEFARM_DEVICE_AGENT_SANDBOX_TENSOR_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/lru_cache.h"
#include "base/unique_fd.h"
#include "tunefarm/v1/kernel.pb.h"

namespace tunefarm::device_agent {

using SharedFile = std::shared_ptr<const base::UniqueFd>;

// A sealed memory file that holds `bytes`. RESOURCE_EXHAUSTED: no memory for it.
absl::StatusOr<SharedFile> MakeMemoryFile(std::string_view bytes);

// Not thread-safe.
class TensorStore {
 public:
  // Keeps files of up to `capacity_bytes` for later candidates.
  explicit TensorStore(uint64_t capacity_bytes) : files_(capacity_bytes) {}

  // The elements of a drawn buffer at `position` of its signature (proto/tensor_fill.h), laid out
  // as GuardedBuffer::FromImage wants them.
  absl::StatusOr<SharedFile> Drawn(const v1::Buffer& buffer, uint32_t position, uint64_t seed);

  // `bytes`, whose digest is `digest`.
  absl::StatusOr<SharedFile> Blob(const std::string& digest, const std::string& bytes);

 private:
  base::LruCache<SharedFile> files_;
};

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_SANDBOX_TENSOR_STORE_H_
