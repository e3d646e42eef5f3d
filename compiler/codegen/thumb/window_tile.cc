#include "compiler/codegen/thumb/window_tile.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

// Registers. Weights are r4 to r9: (w0, w1) and (w1, w2) of each row. The words of x and the
// accumulators take turns with the parameters, which stand on the stack.
constexpr int kX = 0, kLow = 1, kHigh = 2, kOut = 3, kFirstWeight = 4, kAcc0 = 10, kAcc1 = 11;
constexpr int kAddend = 12, kRight = 14;
constexpr int kSlotAddend = 8, kSlotEnd = 16, kFrameBytes = 24;

class Writer {
 public:
  explicit Writer(const WindowTileShape& shape) : shape_(shape) {}
  std::string Write();

 private:
  void Line(const std::string& line) { text_ += line + "\n"; }
  void Sums(bool moves, bool both);
  void Results(bool both);

  const WindowTileShape& shape_;
  std::string text_;
};

// moves: the first load advances x to the next pair, which lies one word on.
void Writer::Sums(bool moves, bool both) {
  for (int64_t row = 0; row < shape_.rows; ++row) {
    const int w01 = kFirstWeight + static_cast<int>(2 * row), w12 = w01 + 1;
    if (row == 0 && moves) {
      Line(absl::StrFormat("ldrd r%d, r%d, [r%d, #4]!", kLow, kHigh, kX));
    } else {
      Line(absl::StrFormat("ldrd r%d, r%d, [r%d, #%d]", kLow, kHigh, kX, row * shape_.row_bytes));
    }
    if (row == 0) {
      Line(absl::StrFormat("smuad r%d, r%d, r%d", kAcc0, kLow, w01));
      if (both) Line(absl::StrFormat("smultb r%d, r%d, r%d", kAcc1, kLow, w01));
    } else {
      Line(absl::StrFormat("smlad r%d, r%d, r%d, r%d", kAcc0, kLow, w01, kAcc0));
      if (both) Line(absl::StrFormat("smlatb r%d, r%d, r%d, r%d", kAcc1, kLow, w01, kAcc1));
    }
    Line(absl::StrFormat("smlabt r%d, r%d, r%d, r%d", kAcc0, kHigh, w12, kAcc0));
    if (both) Line(absl::StrFormat("smlad r%d, r%d, r%d, r%d", kAcc1, kHigh, w12, kAcc1));
  }
}

void Writer::Results(bool both) {
  constexpr int kBias = kLow, kMultiplier = kHigh;
  Line(absl::StrFormat("ldrd r%d, r%d, [sp, #0]", kBias, kMultiplier));
  Line(absl::StrFormat("ldrd r%d, lr, [sp, #%d]", kAddend, kSlotAddend));
  text_ += DoubleWithBias(kAcc0, kBias);
  if (both) text_ += DoubleWithBias(kAcc1, kBias);
  for (int acc = kAcc0; acc <= (both ? kAcc1 : kAcc0); ++acc) {
    text_ += RequantiseDoubled(shape_.requantise, acc, kMultiplier, kAddend, kRight, kBias);
    Line(absl::StrFormat("strb.w r%d, [r%d, #%d]", acc, kOut,
                         (acc - kAcc0) * shape_.out_stride_bytes));
  }
}

std::string Writer::Write() {
  const int64_t pairs = shape_.outputs / 2;
  Line(absl::StrFormat("sub sp, #%d", kFrameBytes));
  Line("ldm r2, {r4, r5, r6, r7}");
  Line("stm.w sp, {r4, r5, r6, r7}");
  for (int row = 0; row < shape_.rows; ++row) {
    Line(absl::StrFormat("ldr.w r%d, [r1, #%d]", kFirstWeight + 2 * row, 16 * row));
    Line(absl::StrFormat("ldr.w r%d, [r1, #%d]", kFirstWeight + 2 * row + 1, 16 * row + 12));
  }
  if (pairs > 1) {
    Line(absl::StrFormat("subw r%d, r%d, #4", kX, kX));
    Line(absl::StrFormat("movw lr, #%d", 4 * pairs));
    Line(absl::StrFormat("add.w lr, r%d, lr", kX));
    Line(absl::StrFormat("str.w lr, [sp, #%d]", kSlotEnd));
    Line("1:");
  }
  if (pairs > 0) {
    Sums(/*moves=*/pairs > 1, /*both=*/true);
    Results(/*both=*/true);
    Line(absl::StrFormat("addw r%d, r%d, #%d", kOut, kOut, 2 * shape_.out_stride_bytes));
  }
  if (pairs > 1) {
    Line(absl::StrFormat("ldr.w lr, [sp, #%d]", kSlotEnd));
    Line(absl::StrFormat("cmp r%d, lr", kX));
    Line("bne.w 1b");
  }
  if (shape_.outputs % 2 != 0) {
    Sums(/*moves=*/pairs > 0, /*both=*/false);
    Results(/*both=*/false);
  }
  Line(absl::StrFormat("add sp, #%d", kFrameBytes));
  return std::move(text_);
}

}  // namespace

std::string WindowTileAssembly(const WindowTileShape& shape) {
  TUNEFARM_CHECK(shape.rows >= 1 && shape.rows <= kMaxWindowTileRows, "window tile of many rows");
  return Writer(shape).Write();
}

}  // namespace tunefarm::compiler
