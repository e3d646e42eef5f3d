#include "tuner/cli/event_printer.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "tuner/cli/progress.h"

namespace tunefarm::tuner {
namespace {

constexpr char kHideCursor[] = "\x1b[?25l";
constexpr char kShowCursor[] = "\x1b[?25h";
constexpr char kClearToEnd[] = "\x1b[J";
constexpr absl::Duration kRedrawInterval = absl::Milliseconds(50);
constexpr int kFallbackColumns = 80;

std::atomic<bool> cursor_is_hidden{false};

void Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Less one: a full last column would wrap on some terminals.
int UsableColumns() {
  winsize size = {};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kFallbackColumns) - 1;
}

class JsonPrinter final : public EventPrinter {
 public:
  void Print(const TuningEvent& event) override { Write(ToJson(event) + "\n"); }
  void Note(const std::string&) override {}
  void Finish() override {}
};

class LinePrinter final : public EventPrinter {
 public:
  void Print(const TuningEvent& event) override {
    const std::string line = RenderLine(event);
    if (!line.empty()) Write(line + "\n");
  }
  void Note(const std::string& line) override { Write(line + "\n"); }
  void Finish() override {}
};

// Redraws its block in place: goes up by the lines it drew last, clears, draws anew.
class LivePrinter final : public EventPrinter {
 public:
  explicit LivePrinter(double max_seconds) {
    progress_.max_seconds = max_seconds;
    cursor_is_hidden = true;
    Write(kHideCursor);
  }
  ~LivePrinter() override { Finish(); }

  void Print(const TuningEvent& event) override {
    progress_.Update(event);
    const absl::Duration now = base::RealClock().SteadyNow();
    const bool is_trial = event.kind == TuningEvent::Kind::kTrial;
    if (is_trial && now - drawn_at_ < kRedrawInterval) return;
    drawn_at_ = now;
    Draw();
  }

  // Stands above the block, which moves down.
  void Note(const std::string& line) override {
    Write(Home() + line + "\n");
    drawn_lines_ = 0;
    Draw();
  }

  void Finish() override {
    if (finished_) return;
    finished_ = true;
    Draw();
    cursor_is_hidden = false;
    Write(kShowCursor);
  }

 private:
  // To the block's first column and line, with nothing below.
  std::string Home() const {
    std::string text = "\r";
    if (drawn_lines_ > 0) text += absl::StrFormat("\x1b[%dA", drawn_lines_);
    return text + kClearToEnd;
  }

  void Draw() {
    const std::vector<std::string> lines = RenderBlock(progress_, UsableColumns());
    std::string text = Home();
    for (const std::string& line : lines) text += line + "\n";
    drawn_lines_ = lines.size();
    Write(text);
  }

  Progress progress_;
  size_t drawn_lines_ = 0;
  absl::Duration drawn_at_ = -absl::InfiniteDuration();
  bool finished_ = false;
};

bool CanRedraw() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0 &&
         *term != '\0';
}

}  // namespace

std::unique_ptr<EventPrinter> MakeEventPrinter(bool json, double max_seconds) {
  if (json) return std::make_unique<JsonPrinter>();
  if (CanRedraw()) return std::make_unique<LivePrinter>(max_seconds);
  return std::make_unique<LinePrinter>();
}

void RestoreTerminal() {
  if (!cursor_is_hidden) return;
  const ssize_t ignored = write(STDOUT_FILENO, kShowCursor, sizeof(kShowCursor) - 1);
  (void)ignored;
}

}  // namespace tunefarm::tuner
