#include "mcu_agent/bridge/batch_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "device_agent/signature.h"

namespace tunefarm::mcu_agent {
namespace {

using device_agent::BufferBytes;
using device_agent::IsDrawn;

constexpr uint32_t kThumbBit = 1;
constexpr uint32_t kWordBytes = 4;
constexpr uint64_t kDefaultTimeoutNs = 10'000'000'000;
// An emulator may be so much slower than the time that it emulates.
constexpr int kEmulatorSlowness = 4;
constexpr absl::Duration kSilenceSlack = absl::Seconds(2);

uint64_t TimeoutNs(const v1::TimingSpec& timing) {
  return timing.timeout_ns() != 0 ? timing.timeout_ns() : kDefaultTimeoutNs;
}

uint32_t FillType(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_S8:
      return TUNEFARM_FILL_S8;
    case v1::DATA_TYPE_S16:
      return TUNEFARM_FILL_S16;
    case v1::DATA_TYPE_S32:
      return TUNEFARM_FILL_S32;
    default:
      return TUNEFARM_FILL_F32;
  }
}

// A queue's slot as one of its kinds.
tunefarm_task Task(const tunefarm_fill_task& fill) {
  tunefarm_task task = {};
  std::memcpy(&task, &fill, sizeof(fill));
  return task;
}
tunefarm_task Task(const tunefarm_call& call) {
  tunefarm_task task = {};
  std::memcpy(&task, &call, sizeof(call));
  return task;
}
tunefarm_task ChecksumTask(const Range& range, uint64_t num_bytes) {
  tunefarm_checksum_task checksum = {};
  checksum.head.kind = TUNEFARM_TASK_CHECKSUM;
  checksum.address = static_cast<uint32_t>(range.begin);
  checksum.num_bytes = static_cast<uint32_t>(num_bytes);
  tunefarm_task task = {};
  std::memcpy(&task, &checksum, sizeof(checksum));
  return task;
}

// Builds one plan, part by part.
class Planner {
 public:
  Planner(const BatchContext& context, const std::vector<const ReadyCandidate*>& candidates)
      : context_(context), candidates_(candidates) {}

  absl::StatusOr<BatchPlan> Plan(const ResidentSet& residents, DrawnChecksums* checksums) {
    TUNEFARM_ASSIGN_OR_RETURN(placement_, PlacementOf(context_, candidates_));
    plan_.erases_flash = placement_.erases_flash;
    plan_.num_candidates = candidates_.size();
    plan_.repeats = NumRepeats(context_.request->timing, context_.board->emulator.has_value());
    plan_.output = placement_.output;
    plan_.output_bytes = BufferBytes(OutputOf(context_, *candidates_.front()));
    plan_.samples = placement_.samples;
    AddBlock();
    AddTensors(residents, checksums);
    plan_.block_check = plan_.tasks.size();
    plan_.tasks.push_back(ChecksumTask(plan_.block, plan_.block.size()));
    plan_.first_call = plan_.tasks.size();
    for (size_t i = 0; i < candidates_.size(); ++i) plan_.tasks.push_back(Task(CallOf(i)));
    plan_.first_tensor_check = plan_.tasks.size();
    for (const BatchPlan::Tensor& tensor : plan_.tensors) {
      plan_.tasks.push_back(ChecksumTask(tensor.range, tensor.range.size()));
    }
    AddSetup();
    return std::move(plan_);
  }

 private:
  void AddBlock();
  void AddTensors(const ResidentSet& residents, DrawnChecksums* checksums);
  // All tensors, none of which is brought to the board yet.
  void ListTensors(DrawnChecksums* checksums);
  const v1::Buffer& BufferOf(const BatchPlan::Tensor& tensor) const {
    return candidates_.front()->signature().buffers(static_cast<int>(tensor.position));
  }
  BatchPlan::Write DrawnWrite(const BatchPlan::Tensor& tensor) const;
  void Fill(const BatchPlan::Tensor& tensor);
  tunefarm_call CallOf(size_t index) const;
  void AddSetup();
  uint64_t BudgetTicks() const;
  uint32_t CutTicks() const;

  const BatchContext& context_;
  const std::vector<const ReadyCandidate*>& candidates_;
  BatchPlacement placement_;
  BatchPlan plan_;
};

void Planner::ListTensors(DrawnChecksums* checksums) {
  const v1::KernelSignature& signature = candidates_.front()->signature();
  const uint64_t seed = context_.request->verification.seed();
  for (int i = 0; i < signature.buffers_size(); ++i) {
    const v1::Buffer& buffer = signature.buffers(i);
    if (!IsDrawn(buffer)) continue;
    BatchPlan::Tensor tensor;
    tensor.position = static_cast<uint32_t>(i);
    const uint32_t address = placement_.drawn[plan_.tensors.size()];
    tensor.range = {address, address + BufferBytes(buffer)};
    tensor.key = DrawnKey(buffer, tensor.position, seed);
    tensor.crc = checksums->Of(buffer, tensor.position, seed);
    plan_.tensors.push_back(tensor);
  }
}

// Those in flash first: programming it costs what is in RAM.
void Planner::AddTensors(const ResidentSet& residents, DrawnChecksums* checksums) {
  ListTensors(checksums);
  for (const BatchPlan::Tensor& tensor : plan_.tensors) {
    if (!InFlash(*context_.board, tensor.range.begin)) continue;
    const bool is_there = !plan_.erases_flash && context_.flash.FindTensor(tensor.key);
    if (!is_there) plan_.flash_writes.push_back(DrawnWrite(tensor));
  }
  for (const BatchPlan::Tensor& tensor : plan_.tensors) {
    if (InFlash(*context_.board, tensor.range.begin)) continue;
    const bool is_there = plan_.flash_writes.empty() && residents.Holds(tensor.range, tensor.key);
    if (!is_there) Fill(tensor);
  }
}

BatchPlan::Write Planner::DrawnWrite(const BatchPlan::Tensor& tensor) const {
  const v1::Buffer& buffer = BufferOf(tensor);
  std::string bytes = DrawTensor(buffer, tensor.position, context_.request->verification.seed());
  bytes.resize(RoundUp(bytes.size(), kWordBytes));
  return {static_cast<uint32_t>(tensor.range.begin), std::move(bytes), tensor.key, false};
}

// Computed on the board, where its firmware can.
void Planner::Fill(const BatchPlan::Tensor& tensor) {
  const v1::Buffer& buffer = BufferOf(tensor);
  if (buffer.data_type() == v1::DATA_TYPE_F32 && !context_.has_fpu) {
    plan_.writes.push_back(DrawnWrite(tensor));
    return;
  }
  tunefarm_fill_task fill = {};
  fill.head.kind = TUNEFARM_TASK_FILL;
  fill.destination = static_cast<uint32_t>(tensor.range.begin);
  fill.num_elems = static_cast<uint32_t>(buffer.num_elems());
  fill.type = FillType(buffer.data_type());
  fill.buffer = tensor.position;
  fill.low = buffer.fill().low();
  fill.high = buffer.fill().high();
  fill.scale = buffer.fill().scale();
  fill.seed = context_.request->verification.seed();
  plan_.tasks.push_back(Task(fill));
}

// Images and pointer tables, as one write where they are not there yet.
void Planner::AddBlock() {
  plan_.block = placement_.block;
  std::string bytes(plan_.block.size(), '\0');
  const auto put = [&](uint32_t address, const void* data, size_t num_bytes) {
    std::memcpy(bytes.data() + (address - plan_.block.begin), data, num_bytes);
  };
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const CandidatePlace& place = placement_.candidates[i];
    const KernelImage& image = candidates_[i]->image;
    put(place.image, image.bytes.data(), image.bytes.size());
    size_t num_drawn = 0;
    size_t num_packed = 0;
    std::vector<uint32_t> table;
    for (const v1::Buffer& buffer : candidates_[i]->signature().buffers()) {
      if (IsDrawn(buffer)) {
        table.push_back(placement_.drawn[num_drawn++]);
      } else if (buffer.role() == v1::BUFFER_ROLE_PACKED) {
        table.push_back(place.packed[num_packed++]);
      } else {
        table.push_back(placement_.output);
      }
    }
    put(place.table, table.data(), table.size() * kWordBytes);
  }
  plan_.block_crc = Crc32(bytes);
  if (placement_.block_is_there) return;
  auto& writes = InFlash(*context_.board, plan_.block.begin) ? plan_.flash_writes : plan_.writes;
  writes.push_back(
      {static_cast<uint32_t>(plan_.block.begin), std::move(bytes), placement_.block_key, true});
}

tunefarm_call Planner::CallOf(size_t index) const {
  const CandidatePlace& place = placement_.candidates[index];
  const ReadyCandidate& candidate = *candidates_[index];
  tunefarm_call call = {};
  call.head.kind = TUNEFARM_TASK_CALL;
  call.run = (place.image + candidate.image.run_offset) | kThumbBit;
  if (candidate.image.has_prepare) {
    call.prepare = (place.image + candidate.image.prepare_offset) | kThumbBit;
  }
  call.buffers = place.table;
  call.scratch = candidate.signature().scratch_bytes_per_worker() != 0 ? placement_.scratch : 0;
  call.output = plan_.output;
  call.output_bytes = static_cast<uint32_t>(plan_.output_bytes);
  call.repeats = plan_.repeats;
  call.samples = plan_.samples + static_cast<uint32_t>(index * plan_.repeats * sizeof(uint32_t));
  call.budget_ticks = BudgetTicks();
  // Floats that differ in the last bit may still be right: the bridge looks at those itself.
  if (OutputOf(context_, candidate).data_type() != v1::DATA_TYPE_F32) {
    call.head.flags = TUNEFARM_TASK_HAS_EXPECTED_CRC;
    call.expected_crc =
        Crc32(*context_.request->blobs.at(context_.request->verification.expected(0).digest()));
  }
  return call;
}

// The candidate's time is for verifying and for each timed run alike.
uint64_t Planner::BudgetTicks() const {
  const double seconds =
      static_cast<double>(TimeoutNs(context_.request->timing)) * 1e-9 / (plan_.repeats + 1);
  return std::max<uint64_t>(1, static_cast<uint64_t>(seconds * context_.tick_hz));
}

// As the target counts: with what a call costs besides the kernel.
uint32_t Planner::CutTicks() const {
  const uint64_t cut_ns = context_.request->timing.cut_above_ns();
  if (cut_ns == 0) return 0;
  const double ticks = std::floor(static_cast<double>(cut_ns) * context_.tick_hz / 1e9);
  return static_cast<uint32_t>(std::min(ticks + context_.overhead_ticks, double{UINT32_MAX}));
}

void Planner::AddSetup() {
  plan_.setup.stack = placement_.stack;
  plan_.setup.stack_bytes = kKernelStackBytes;
  plan_.setup.guard = static_cast<uint32_t>(placement_.guard.begin);
  plan_.setup.guard_bytes = static_cast<uint32_t>(placement_.guard.size());
  plan_.setup.cut_ticks = CutTicks();
  const absl::Duration budget =
      absl::Seconds(1) * static_cast<double>(BudgetTicks()) / static_cast<double>(context_.tick_hz);
  const int slowness = context_.board->emulator ? kEmulatorSlowness : 1;
  plan_.setup.silence_limit = budget * slowness + kSilenceSlack;
}

}  // namespace

absl::StatusOr<BatchPlan> PlanOf(const BatchContext& context,
                                 const std::vector<const ReadyCandidate*>& candidates,
                                 const ResidentSet& residents, DrawnChecksums* checksums) {
  return Planner(context, candidates).Plan(residents, checksums);
}

}  // namespace tunefarm::mcu_agent
