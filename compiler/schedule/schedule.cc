#include "compiler/schedule/schedule.h"

#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/status.h"

namespace tunefarm::compiler {
namespace {

// How many names and numbers a kind carries after the stage; kAny = one or more.
constexpr int kAny = -1;
struct StepForm {
  StepKind kind;
  const char* name;
  int num_names;
  int num_numbers;
};
constexpr std::array<StepForm, 17> kForms = {{
    {StepKind::kSplit, "split", 1, 1},
    {StepKind::kReorder, "reorder", kAny, 0},
    {StepKind::kFuse, "fuse", 2, 0},
    {StepKind::kVectorize, "vectorize", 1, 0},
    {StepKind::kUnroll, "unroll", 1, 0},
    {StepKind::kParallel, "parallel", 1, 0},
    {StepKind::kPeel, "peel", 1, 2},
    {StepKind::kComputeAt, "compute_at", 2, 0},
    {StepKind::kInline, "inline", 0, 0},
    {StepKind::kCacheRead, "cache_read", 1, 0},
    {StepKind::kCacheWrite, "cache_write", 0, 0},
    {StepKind::kPack, "pack", 1, kAny},
    {StepKind::kTensorize, "tensorize", 1, 0},
    {StepKind::kStream, "stream", 0, 3},
    {StepKind::kRecenter, "recenter", 0, 0},
    {StepKind::kExpand, "expand", 1, kAny},
    {StepKind::kPlaceCode, "place_code", 1, 0},
}};

const StepForm& FormOf(StepKind kind) {
  for (const StepForm& form : kForms) {
    if (form.kind == kind) return form;
  }
  TUNEFARM_CHECK(false, "step kind without a form");
}

bool ParseNumber(const std::string& text, int64_t* value) {
  char* end = nullptr;
  *value = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0';
}

absl::StatusOr<Step> ParseStep(const std::string& line) {
  const auto malformed = [&line](const char* what) {
    return absl::InvalidArgumentError(absl::StrFormat("schedule: '%s': %s", line, what));
  };
  const size_t open = line.find('(');
  if (open == std::string::npos || line.back() != ')')
    return malformed("not of the form step(stage, ...)");
  const StepForm* form = nullptr;
  for (const StepForm& candidate : kForms) {
    if (line.substr(0, open) == candidate.name) form = &candidate;
  }
  if (form == nullptr) return malformed("unknown step");
  Step step;
  step.kind = form->kind;
  const std::vector<std::string> parts =
      absl::StrSplit(line.substr(open + 1, line.size() - open - 2), ',');
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part(absl::StripAsciiWhitespace(parts[i]));
    int64_t number = 0;
    if (part.empty()) return malformed("empty argument");
    if (i == 0) {
      step.stage = part;
    } else if (ParseNumber(part, &number)) {
      step.numbers.push_back(number);
    } else if (!step.numbers.empty()) {
      return malformed("a name after a number");
    } else {
      step.names.push_back(part);
    }
  }
  const auto fits = [](size_t count, int wanted) {
    return wanted == kAny ? count > 0 : count == static_cast<size_t>(wanted);
  };
  if (!fits(step.names.size(), form->num_names) || !fits(step.numbers.size(), form->num_numbers)) {
    return malformed("wrong number of arguments");
  }
  return step;
}

}  // namespace

std::string Print(const Schedule& schedule) {
  std::string text;
  for (const Step& step : schedule.steps) {
    text += absl::StrFormat("%s(%s", FormOf(step.kind).name, step.stage);
    for (const std::string& name : step.names) text += ", " + name;
    for (int64_t number : step.numbers) text += absl::StrFormat(", %d", number);
    text += ")\n";
  }
  return text;
}

absl::StatusOr<Schedule> ParseSchedule(const std::string& text) {
  Schedule schedule;
  for (const std::string& raw : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty()) continue;
    TUNEFARM_ASSIGN_OR_RETURN(Step step, ParseStep(line));
    schedule.steps.push_back(std::move(step));
  }
  return schedule;
}

std::string Hash(const Schedule& schedule) { return base::Sha256Hex(Print(schedule)); }

Step Split(std::string stage, std::string axis, int64_t factor) {
  return {StepKind::kSplit, std::move(stage), {std::move(axis)}, {factor}};
}
Step Reorder(std::string stage, std::vector<std::string> axes) {
  return {StepKind::kReorder, std::move(stage), std::move(axes), {}};
}
Step Fuse(std::string stage, std::string outer, std::string inner) {
  return {StepKind::kFuse, std::move(stage), {std::move(outer), std::move(inner)}, {}};
}
Step Vectorize(std::string stage, std::string axis) {
  return {StepKind::kVectorize, std::move(stage), {std::move(axis)}, {}};
}
Step Unroll(std::string stage, std::string axis) {
  return {StepKind::kUnroll, std::move(stage), {std::move(axis)}, {}};
}
Step Parallel(std::string stage, std::string axis) {
  return {StepKind::kParallel, std::move(stage), {std::move(axis)}, {}};
}
Step Peel(std::string stage, std::string axis, int64_t before, int64_t after) {
  return {StepKind::kPeel, std::move(stage), {std::move(axis)}, {before, after}};
}
Step ComputeAt(std::string stage, std::string consumer, std::string axis) {
  return {StepKind::kComputeAt, std::move(stage), {std::move(consumer), std::move(axis)}, {}};
}
Step Inline(std::string stage) { return {StepKind::kInline, std::move(stage), {}, {}}; }
Step CacheRead(std::string stage, std::string buffer) {
  return {StepKind::kCacheRead, std::move(stage), {std::move(buffer)}, {}};
}
Step CacheWrite(std::string stage) { return {StepKind::kCacheWrite, std::move(stage), {}, {}}; }

// Numbers: rank, then the order, then (dimension, factor) pairs.
Step Pack(std::string stage, std::string buffer, const std::vector<int64_t>& order,
          const std::vector<PackBlock>& blocks) {
  Step step{StepKind::kPack, std::move(stage), {std::move(buffer)}, {}};
  step.numbers.push_back(static_cast<int64_t>(order.size()));
  step.numbers.insert(step.numbers.end(), order.begin(), order.end());
  for (const PackBlock& block : blocks) {
    step.numbers.push_back(block.dimension);
    step.numbers.push_back(block.factor);
  }
  return step;
}
Step Tensorize(std::string stage, std::string axis) {
  return {StepKind::kTensorize, std::move(stage), {std::move(axis)}, {}};
}
Step Recenter(std::string stage) { return {StepKind::kRecenter, std::move(stage), {}, {}}; }
Step Stream(std::string stage, int64_t lanes, int64_t ahead, int64_t group) {
  return {StepKind::kStream, std::move(stage), {}, {lanes, ahead, group}};
}

Step PlaceCode(std::string stage, std::string memory) {
  return {StepKind::kPlaceCode, std::move(stage), {std::move(memory)}, {}};
}

Step Expand(std::string stage, std::string form, std::vector<int64_t> numbers) {
  return {StepKind::kExpand, std::move(stage), {std::move(form)}, std::move(numbers)};
}
Step ExpandPairTile(std::string stage, const PairTileKnobs& knobs) {
  return Expand(std::move(stage), kPairTileForm,
                {knobs.pixels, knobs.channels, knobs.steps, knobs.weight_bits, knobs.rows});
}
Step ExpandWindowRows(std::string stage, const WindowRowsKnobs& knobs) {
  return Expand(std::move(stage), kWindowRowsForm, {knobs.along_height ? 1 : 0});
}
Step ExpandTableAdd(std::string stage, const TableAddKnobs& knobs) {
  return Expand(std::move(stage), kTableAddForm, {knobs.unroll});
}

Step ExpandTableSoftmax(std::string stage, const TableSoftmaxKnobs& knobs) {
  return Expand(std::move(stage), kTableSoftmaxForm, {knobs.unroll, knobs.term_table ? 1 : 0});
}

}  // namespace tunefarm::compiler
