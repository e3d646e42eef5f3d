#include "device_agent/sandbox/tensor_store.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/sandbox/errno_status.h"
#include "device_agent/sandbox/guarded_buffer.h"
#include "device_agent/signature.h"
#include "proto/tensor_fill.h"

namespace tunefarm::device_agent {
namespace {

constexpr uint64_t kChunkElems = 1 << 14;

absl::StatusOr<base::UniqueFd> NewMemoryFile() {
  base::UniqueFd file(memfd_create("tunefarm", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return ErrnoStatus("memfd_create");
  return file;
}

// By write and not through a mapping: when memory runs out, write says so where a store would be
// fatal.
absl::Status Append(const base::UniqueFd& file, const void* bytes, size_t num_bytes) {
  const auto* next = static_cast<const char*>(bytes);
  while (num_bytes > 0) {
    const ssize_t written = write(file.get(), next, num_bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (errno == ENOSPC) errno = ENOMEM;
      return ErrnoStatus(absl::StrFormat("writing %u bytes to a memory file", num_bytes));
    }
    next += written;
    num_bytes -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<SharedFile> Seal(base::UniqueFd file) {
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
      0) {
    return ErrnoStatus("sealing a memory file");
  }
  return std::make_shared<const base::UniqueFd>(std::move(file));
}

template <typename T, typename Draw>
absl::Status AppendElements(const base::UniqueFd& file, uint64_t num_elems, Draw draw) {
  std::vector<T> chunk;
  for (uint64_t done = 0; done < num_elems; done += chunk.size()) {
    chunk.resize(std::min(kChunkElems, num_elems - done));
    for (size_t i = 0; i < chunk.size(); ++i) chunk[i] = static_cast<T>(draw(done + i));
    TUNEFARM_RETURN_IF_ERROR(Append(file, chunk.data(), chunk.size() * sizeof(T)));
  }
  return absl::OkStatus();
}

absl::Status AppendDrawn(const base::UniqueFd& file, const v1::Buffer& buffer, uint32_t position,
                         uint64_t seed) {
  const tunefarm_fill fill = {buffer.fill().low(), buffer.fill().high(), buffer.fill().scale()};
  const auto integer = [&](uint64_t i) { return tunefarm_fill_integer(&fill, seed, position, i); };
  switch (buffer.data_type()) {
    case v1::DATA_TYPE_S8:
      return AppendElements<int8_t>(file, buffer.num_elems(), integer);
    case v1::DATA_TYPE_S16:
      return AppendElements<int16_t>(file, buffer.num_elems(), integer);
    case v1::DATA_TYPE_S32:
      return AppendElements<int32_t>(file, buffer.num_elems(), integer);
    default:
      return AppendElements<float>(file, buffer.num_elems(), [&](uint64_t i) {
        return tunefarm_fill_float(&fill, seed, position, i);
      });
  }
}

}  // namespace

absl::StatusOr<SharedFile> MakeMemoryFile(std::string_view bytes) {
  TUNEFARM_ASSIGN_OR_RETURN(base::UniqueFd file, NewMemoryFile());
  TUNEFARM_RETURN_IF_ERROR(Append(file, bytes.data(), bytes.size()));
  return Seal(std::move(file));
}

absl::StatusOr<SharedFile> TensorStore::Drawn(const v1::Buffer& buffer, uint32_t position,
                                              uint64_t seed) {
  const v1::Fill& fill = buffer.fill();
  const std::string name = absl::StrFormat("drawn/%u/%u/%d/%u/%d/%d/%a", seed, position,
                                           static_cast<int>(buffer.data_type()), buffer.num_elems(),
                                           fill.low(), fill.high(), fill.scale());
  if (SharedFile file = files_.Get(name)) return file;

  const GuardedLayout layout = GuardedLayout::For(BufferBytes(buffer));
  std::vector<std::byte> slack(std::max(layout.front_bytes, layout.back_bytes));
  const GuardedLayout slack_only = {.front_bytes = slack.size(), .data_bytes = 0, .back_bytes = 0};
  FillSlack(slack_only, slack.data());
  TUNEFARM_ASSIGN_OR_RETURN(base::UniqueFd file, NewMemoryFile());
  TUNEFARM_RETURN_IF_ERROR(Append(file, slack.data(), layout.front_bytes));
  TUNEFARM_RETURN_IF_ERROR(AppendDrawn(file, buffer, position, seed));
  TUNEFARM_RETURN_IF_ERROR(Append(file, slack.data(), layout.back_bytes));
  TUNEFARM_ASSIGN_OR_RETURN(SharedFile sealed, Seal(std::move(file)));
  files_.Put(name, sealed, layout.mapped_bytes());
  return sealed;
}

absl::StatusOr<SharedFile> TensorStore::Blob(const std::string& digest, const std::string& bytes) {
  const std::string name = absl::StrFormat("blob/%s", digest);
  if (SharedFile file = files_.Get(name)) return file;
  TUNEFARM_ASSIGN_OR_RETURN(SharedFile file, MakeMemoryFile(bytes));
  files_.Put(name, file, bytes.size());
  return file;
}

}  // namespace tunefarm::device_agent
