#include "compiler/codegen/thumb/pair_tile.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

constexpr int kX = 0, kW = 1;
// Of the stack frame. x and w, parameters and output stand side by side for LDRD and STRD.
enum Slot { kSlotX = 0, kSlotW = 4, kSlotParams = 8, kSlotOut = 12, kSlotEnd = 16, kSlotLoop = 20 };
constexpr int kFrameBytes = 24;
constexpr int64_t kMaxDualOffset = 1020, kMaxOffset = kMaxPairTileReach;
// By how much a load of one word can move its pointer.
constexpr int64_t kMaxSingleMove = 255;
constexpr int64_t kWordBytes = 4;
constexpr int64_t kParamBytes = 16;

std::string Reg(int number) { return RegisterName(number); }

class Writer {
 public:
  explicit Writer(const PairTileShape& shape) : shape_(shape) {
    for (int reg = 11; static_cast<int64_t>(accumulators_.size()) < shape.pixels * shape.channels;
         --reg) {
      accumulators_.push_back(reg);
    }
    for (int reg : {2, 3, 12, 14}) temporaries_.push_back(reg);
    for (int reg = 4; reg < 12 - static_cast<int>(accumulators_.size()); ++reg) {
      temporaries_.push_back(reg);
    }
  }

  std::string Write();

 private:
  // A pointer register that lags `behind` bytes the place that is read next.
  struct Pointer {
    int reg;
    int64_t bytes_per_step;
    int64_t behind = 0;
    bool moves = false;  // The next load advances the register by `step_bytes`.
    int64_t step_bytes = 0;
  };

  void Line(std::string line) { text_ += line + "\n"; }
  int Acc(int64_t pixel, int64_t channel) const {
    return accumulators_[pixel * shape_.channels + channel];
  }

  void Advance(int reg, int64_t bytes);
  void LoadWords(Pointer& pointer, int64_t offset, const std::vector<int>& regs);
  void Load(Pointer& pointer, int64_t offset, const std::vector<int>& regs);
  void LoadOperand(Pointer& pointer, int64_t step, int64_t words_per_step, int64_t first,
                   const std::vector<int>& regs);
  void LoadFromRun(int64_t step, int64_t first, const std::vector<int>& regs);
  void Widen(int to, int from, int64_t step);
  // Words of two steps at once.
  void LoadTwoSteps(Pointer& pointer, int64_t step, int64_t steps);
  bool IsNarrow(const Pointer& pointer) const {
    return shape_.weight_bits == 8 && pointer.reg == kW;
  }
  bool InRuns(const Pointer& pointer) const {
    return !shape_.tap_bytes.empty() && pointer.reg == kX;
  }
  void Steps(int64_t steps, bool first);
  void Step(int64_t step, int64_t steps, bool first);
  void Phase(const PairTilePhase& phase, bool first);
  void Requantize(int64_t channel, int64_t pixel);
  void Epilogue();

  const PairTileShape& shape_;
  std::vector<int> accumulators_, temporaries_;
  Pointer x_{kX, 0}, w_{kW, 0};
  bool in_first_run_ = true;
  std::string text_;
};

void Writer::Advance(int reg, int64_t bytes) {
  if (bytes == 0) return;
  const char* operation = bytes < 0 ? "sub" : "add";
  const int64_t size = std::abs(bytes);
  if (size <= kMaxOffset)
    return Line(absl::StrFormat("%sw %s, %s, #%d", operation, Reg(reg), Reg(reg), size));
  // lr is free wherever pointers are moved by so much.
  Line(absl::StrFormat("movw lr, #%d", size & 0xFFFF));
  if (size > 0xFFFF) Line(absl::StrFormat("movt lr, #%d", size >> 16));
  Line(absl::StrFormat("%s.w %s, %s, lr", operation, Reg(reg), Reg(reg)));
}

// Words at `offset` behind the place that is read next.
void Writer::LoadWords(Pointer& pointer, int64_t offset, const std::vector<int>& regs) {
  const bool dual = regs.size() == 2;
  const bool moves_too_far =
      pointer.moves && pointer.step_bytes > (dual ? kMaxDualOffset : kMaxSingleMove);
  // Behind a single word at the end of the reach a pair is out of it.
  const bool is_too_far = !pointer.moves && dual && pointer.behind + offset > kMaxDualOffset;
  if (moves_too_far || is_too_far) {
    Advance(pointer.reg, moves_too_far ? pointer.step_bytes : pointer.behind + offset);
    pointer.moves = false;
    pointer.behind = -offset;
  }
  int64_t place = pointer.behind + offset;
  std::string tail;
  if (pointer.moves) {
    place = pointer.step_bytes;
    tail = "!";
    pointer.moves = false;
    pointer.behind = -offset;
  } else if (dual && place > kMaxDualOffset - 2 * kWordBytes) {
    tail = "!";
    pointer.behind = -offset;
  }
  const std::string address = absl::StrFormat("[%s, #%d]%s", Reg(pointer.reg), place, tail);
  if (dual) {
    Line(absl::StrFormat("ldrd %s, %s, %s", Reg(regs[0]), Reg(regs[1]), address));
  } else {
    Line(absl::StrFormat("ldr %s, %s", Reg(regs[0]), address));
  }
}

void Writer::Load(Pointer& pointer, int64_t offset, const std::vector<int>& regs) {
  constexpr size_t kPiece = 2;
  for (size_t i = 0; i < regs.size(); i += kPiece) {
    const size_t end = std::min(regs.size(), i + kPiece);
    LoadWords(pointer, offset + static_cast<int64_t>(i) * kWordBytes,
              {regs.begin() + static_cast<int64_t>(i), regs.begin() + static_cast<int64_t>(end)});
  }
}

// The pair of one step out of a word of four 8-bit weights.
void Writer::Widen(int to, int from, int64_t step) {
  Line(absl::StrFormat("sxtb16 %s, %s%s", Reg(to), Reg(from), step % 2 == 0 ? "" : ", ror #8"));
}

// Words first, first + 1, ... of a step, ready to be multiplied. Narrow weights are loaded again
// for the second step of their word: no register is left to keep them in.
void Writer::LoadOperand(Pointer& pointer, int64_t step, int64_t words_per_step, int64_t first,
                         const std::vector<int>& regs) {
  if (InRuns(pointer)) return LoadFromRun(step, first, regs);
  const int64_t row = IsNarrow(pointer) ? step / 2 : step;
  Load(pointer, (row * words_per_step + first) * kWordBytes, regs);
  if (!IsNarrow(pointer)) return;
  for (int reg : regs) Widen(reg, reg, step);
}

// x stands at the begin of its run; the first load of the next one moves it there.
void Writer::LoadFromRun(int64_t step, int64_t first, const std::vector<int>& regs) {
  const auto num_taps = static_cast<int64_t>(shape_.tap_bytes.size());
  if (step % num_taps == 0 && first == 0) {
    x_.moves = !in_first_run_;
    x_.step_bytes = shape_.run_bytes;
    in_first_run_ = false;
  }
  Load(x_, shape_.tap_bytes[step % num_taps] + first * kWordBytes, regs);
}

void Writer::LoadTwoSteps(Pointer& pointer, int64_t step, int64_t steps) {
  if (!IsNarrow(pointer)) {
    const int64_t words = std::min<int64_t>(2, steps - step);
    return Load(pointer, step * kWordBytes, {temporaries_.begin(), temporaries_.begin() + words});
  }
  Load(pointer, step / 2 * kWordBytes, {temporaries_[1]});
  Widen(temporaries_[0], temporaries_[1], 0);
  Widen(temporaries_[1], temporaries_[1], 1);
}

// One step: the operand of the shorter side is held, the longer side's is loaded piece by piece.
void Writer::Step(int64_t step, int64_t steps, bool first) {
  const bool hold_pixels = shape_.pixels <= shape_.channels;
  const int64_t held = std::min(shape_.pixels, shape_.channels);
  const int64_t streamed = std::max(shape_.pixels, shape_.channels);
  Pointer& held_pointer = hold_pixels ? x_ : w_;
  Pointer& streamed_pointer = hold_pixels ? w_ : x_;
  // A single held word is loaded for two steps at once, where these lie side by side.
  const bool for_two = held == 1 && !InRuns(held_pointer);
  const int64_t held_regs = for_two ? 2 : held;
  if (!for_two) {
    LoadOperand(held_pointer, step, held, 0, {temporaries_.begin(), temporaries_.begin() + held});
  } else if (step % 2 == 0) {
    LoadTwoSteps(held_pointer, step, steps);
  }
  const int64_t piece = static_cast<int64_t>(temporaries_.size()) - held_regs;
  for (int64_t begin = 0; begin < streamed; begin += piece) {
    const int64_t count = std::min(piece, streamed - begin);
    const std::vector<int> regs(temporaries_.begin() + held_regs,
                                temporaries_.begin() + held_regs + count);
    LoadOperand(streamed_pointer, step, streamed, begin, regs);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t h = 0; h < held; ++h) {
        const int64_t pixel = hold_pixels ? h : begin + i, channel = hold_pixels ? begin + i : h;
        const std::string a = Reg(regs[i]);
        const std::string b = Reg(temporaries_[for_two ? step % 2 : h]);
        const std::string acc = Reg(Acc(pixel, channel));
        if (first) {
          Line(absl::StrFormat("smuad %s, %s, %s", acc, a, b));
        } else {
          Line(absl::StrFormat("smlad %s, %s, %s, %s", acc, a, b, acc));
        }
      }
    }
  }
}

void Writer::Steps(int64_t steps, bool first) {
  for (int64_t step = 0; step < steps; ++step) Step(step, steps, first && step == 0);
  x_.behind += steps * x_.bytes_per_step;
  w_.behind += steps * w_.bytes_per_step;
}

void Writer::Phase(const PairTilePhase& phase, bool first) {
  if (phase.iterations == 1) return Steps(phase.steps, first);
  // The first load of an iteration moves its pointer there from the iteration before.
  for (Pointer* pointer : {&x_, &w_}) {
    if (InRuns(*pointer)) continue;
    pointer->step_bytes = phase.steps * pointer->bytes_per_step;
    TUNEFARM_CHECK(pointer->step_bytes <= kMaxPairTileStepBytes, "pair tile with too long a loop");
    Advance(pointer->reg, pointer->behind - pointer->step_bytes);
    pointer->behind = 0;
    pointer->moves = true;
  }
  const std::string end = Reg(temporaries_[0]);
  Line(absl::StrFormat("mov.w %s, %s", end, Reg(kW)));
  Advance(temporaries_[0], phase.iterations * w_.step_bytes);
  Line(absl::StrFormat("str.w %s, [sp, #%d]", end, kSlotLoop));
  Line("2:");
  Steps(phase.steps, false);
  Line(absl::StrFormat("ldr.w %s, [sp, #%d]", end, kSlotLoop));
  Line(absl::StrFormat("cmp %s, %s", Reg(kW), end));
  Line("bne.w 2b");
}

// b2, multiplier, addend and right shift of the channel stand in r2, r3, r12, lr. The spare
// register is r1 for the first output, whose own register serves the others.
void Writer::Requantize(int64_t channel, int64_t pixel) {
  const bool first = channel == 0 && pixel == 0;
  const int acc = Acc(pixel, channel), spare = first ? kW : Acc(0, 0);
  text_ += DoubleWithBias(acc, 2);
  text_ += RequantiseDoubled(shape_.requantise, acc, 3, 12, 14, spare);
  if (first) Line(absl::StrFormat("ldr.w %s, [sp, #%d]", Reg(kW), kSlotOut));
  Line(absl::StrFormat("strb.w %s, [%s, #%d]", Reg(acc), Reg(kW),
                       pixel * shape_.pixel_stride_bytes + channel));
}

void Writer::Epilogue() {
  const bool more = shape_.blocks > 1;
  if (more) Line(absl::StrFormat("str.w %s, [sp, #%d]", Reg(kW), kSlotW));
  Line(absl::StrFormat("ldr.w r0, [sp, #%d]", kSlotParams));
  for (int64_t channel = 0; channel < shape_.channels; ++channel) {
    Line("ldm r0!, {r2, r3, r12, lr}");
    for (int64_t pixel = 0; pixel < shape_.pixels; ++pixel) Requantize(channel, pixel);
  }
  if (!more) return;
  Line(absl::StrFormat("addw r1, r1, #%d", shape_.channels));
  Line(absl::StrFormat("ldr.w r2, [sp, #%d]", kSlotEnd));
  Line(absl::StrFormat("strd r0, r1, [sp, #%d]", kSlotParams));
  Line("cmp r0, r2");
  Line(absl::StrFormat("ldrd r0, r1, [sp, #%d]", kSlotX));
  Advance(kW, w_.behind);  // Leaves the flags.
  Line("bne.w 1b");
}

std::string Writer::Write() {
  x_.bytes_per_step = InRuns(x_) ? 0 : shape_.pixels * kWordBytes;
  w_.bytes_per_step = shape_.channels * kWordBytes * shape_.weight_bits / 16;
  Line(absl::StrFormat("sub sp, #%d", kFrameBytes));
  if (shape_.blocks > 1) Line(absl::StrFormat("str.w r0, [sp, #%d]", kSlotX));
  Line(absl::StrFormat("strd r2, r3, [sp, #%d]", kSlotParams));
  if (shape_.blocks > 1) {
    Advance(2, shape_.blocks * shape_.channels * kParamBytes);
    Line(absl::StrFormat("str.w r2, [sp, #%d]", kSlotEnd));
    Line("1:");
  }
  bool first = true;
  for (const PairTilePhase& phase : shape_.phases) {
    Phase(phase, first);
    first = false;
  }
  Epilogue();
  Line(absl::StrFormat("add sp, #%d", kFrameBytes));
  return std::move(text_);
}

}  // namespace

std::string PairTileAssembly(const PairTileShape& shape) {
  TUNEFARM_CHECK(shape.pixels * shape.channels <= kMaxPairTileAccumulators,
                 "pair tile with more accumulators than registers");
  return Writer(shape).Write();
}

}  // namespace tunefarm::compiler
