#include "mcu_agent/bridge/batch_choice.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"
#include "device_agent/signature.h"
#include "mcu_agent/bridge/drawn_tensor.h"

namespace tunefarm::mcu_agent {
namespace {

using device_agent::BufferBytes;
using device_agent::IsDrawn;

constexpr uint32_t kMostRepeats = 64;
constexpr uint32_t kEmulatedRepeats = 2;

CandidateSize SizeOf(const ReadyCandidate& candidate) {
  CandidateSize size;
  const v1::Kernel& kernel = candidate.candidate->kernel();
  size.digest = kernel.digest() + base::Sha256Hex(kernel.signature().SerializeAsString());
  size.image_bytes = candidate.image.bytes.size();
  size.image_alignment_bytes = candidate.image.alignment_bytes;
  size.num_buffers = static_cast<uint32_t>(candidate.signature().buffers_size());
  for (const v1::Buffer& buffer : candidate.signature().buffers()) {
    if (buffer.role() == v1::BUFFER_ROLE_PACKED) size.packed_bytes.push_back(BufferBytes(buffer));
  }
  size.scratch_bytes = candidate.signature().scratch_bytes_per_worker();
  return size;
}

SharedSize SharedOf(const BatchContext& context, const ReadyCandidate& candidate) {
  SharedSize shared;
  const v1::KernelSignature& signature = candidate.signature();
  for (int i = 0; i < signature.buffers_size(); ++i) {
    const v1::Buffer& buffer = signature.buffers(i);
    if (!IsDrawn(buffer)) continue;
    shared.drawn.push_back(
        {BufferBytes(buffer), buffer.role() == v1::BUFFER_ROLE_CONSTANT,
         DrawnKey(buffer, static_cast<uint32_t>(i), context.request->verification.seed())});
  }
  shared.output_bytes = BufferBytes(OutputOf(context, candidate));
  shared.stack_bytes = kKernelStackBytes;
  shared.sample_bytes_per_candidate =
      NumRepeats(context.request->timing, context.board->emulator.has_value()) * sizeof(uint32_t);
  shared.code_memory = candidate.image.code_memory;
  return shared;
}

std::vector<CandidateSize> SizesOf(const std::vector<const ReadyCandidate*>& candidates) {
  std::vector<CandidateSize> sizes;
  for (const ReadyCandidate* candidate : candidates) sizes.push_back(SizeOf(*candidate));
  return sizes;
}

size_t NumDrawn(const v1::KernelSignature& signature) {
  return static_cast<size_t>(
      std::count_if(signature.buffers().begin(), signature.buffers().end(), IsDrawn));
}

}  // namespace

const v1::Buffer& OutputOf(const BatchContext& context, const ReadyCandidate& candidate) {
  return candidate.signature().buffers(
      static_cast<int>(context.request->verification.expected(0).buffer()));
}

uint32_t NumRepeats(const v1::TimingSpec& timing, bool emulated) {
  return std::clamp<uint32_t>(timing.num_samples(), 1, emulated ? kEmulatedRepeats : kMostRepeats);
}

absl::Status CheckTask(const BatchContext& context, const ReadyCandidate& candidate) {
  const v1::KernelSignature& signature = candidate.signature();
  const auto num_outputs =
      std::count_if(signature.buffers().begin(), signature.buffers().end(),
                    [](const auto& buffer) { return buffer.role() == v1::BUFFER_ROLE_OUTPUT; });
  if (num_outputs != 1 || context.request->verification.expected_size() != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a board verifies one output; the kernel has %d, %d of them with an expectation",
        num_outputs, context.request->verification.expected_size()));
  }
  // A fill and a check for each tensor, the check of the images, and the call.
  const size_t num_tasks = 2 * NumDrawn(signature) + 2;
  if (num_tasks > context.capacity) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%u inputs and constants need %u tasks, the firmware has room for %u",
                        NumDrawn(signature), num_tasks, context.capacity));
  }
  return absl::OkStatus();
}

bool NeedsFlash(const BoardMap& map, const ReadyCandidate& candidate) {
  const MemoryRegion* flash = FlashOf(map);
  if (flash == nullptr) return false;
  if (candidate.image.code_memory == flash->name) return true;
  const auto& buffers = candidate.signature().buffers();
  return map.constant_order.front() == flash->name &&
         std::any_of(buffers.begin(), buffers.end(), [](const v1::Buffer& buffer) {
           return buffer.role() == v1::BUFFER_ROLE_CONSTANT;
         });
}

std::string BatchKey(const ReadyCandidate& candidate) {
  const v1::KernelSignature& signature = candidate.signature();
  std::string key = candidate.image.code_memory + ";";
  for (int i = 0; i < signature.buffers_size(); ++i) {
    const v1::Buffer& buffer = signature.buffers(i);
    if (IsDrawn(buffer)) key += DrawnKey(buffer, static_cast<uint32_t>(i), 0) + ";";
    if (buffer.role() == v1::BUFFER_ROLE_OUTPUT) key += absl::StrFormat("out %d;", i);
  }
  return key;
}

absl::StatusOr<size_t> NumInBatch(const BatchContext& context,
                                  const std::vector<const ReadyCandidate*>& candidates) {
  const SharedSize shared = SharedOf(context, *candidates.front());
  const std::vector<CandidateSize> sizes = SizesOf(candidates);
  const size_t most = context.capacity - 2 * NumDrawn(candidates.front()->signature()) - 1;
  const size_t count = NumThatFit(*context.board, shared, sizes, most, context.flash);
  if (count > 0) return count;
  return PlaceBatch(*context.board, shared, {sizes.front()}, context.flash).status();
}

absl::StatusOr<BatchPlacement> PlacementOf(const BatchContext& context,
                                           const std::vector<const ReadyCandidate*>& candidates) {
  return PlaceBatch(*context.board, SharedOf(context, *candidates.front()), SizesOf(candidates),
                    context.flash);
}

}  // namespace tunefarm::mcu_agent
