// Reads a workload key.
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "compiler/op/workload.h"
#include "compiler/op/workload_check.h"
#include "compiler/op/workload_text.h"

namespace tunefarm::compiler {
namespace {

constexpr OpKind kAllOps[] = {
    OpKind::kConv2d,    OpKind::kDepthwiseConv2d, OpKind::kDense, OpKind::kMatmul,
    OpKind::kMaxPool2d, OpKind::kAvgPool2d,       OpKind::kAdd,   OpKind::kRelu,
    OpKind::kSoftmax};
constexpr size_t kMaxKeyBytes = 256;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A part of the key as it stands in a message.
std::string Quote(const std::string& part) {
  return absl::StrFormat("\"%s\"", absl::CHexEscape(part.substr(0, kMaxKeyBytes)));
}

template <typename... Args>
absl::Status Bad(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

// Reads "3" or "3x3x..." from the front of *text; numbers beyond kMaxExtent are cut to one more
// than it, which later checks refuse.
absl::StatusOr<std::vector<int64_t>> TakeNumbers(std::string* text) {
  const std::string whole = *text;
  std::vector<int64_t> numbers;
  size_t at = 0;
  while (true) {
    if (at >= whole.size() || !IsDigit(whole[at])) {
      return Bad("expected a number at %s", Quote(whole.substr(at)));
    }
    int64_t value = 0;
    for (; at < whole.size() && IsDigit(whole[at]); ++at) {
      value = std::min(value * 10 + (whole[at] - '0'), kMaxExtent + 1);
    }
    numbers.push_back(value);
    if (at >= whole.size() || whole[at] != 'x') break;
    ++at;
  }
  *text = whole.substr(at);
  return numbers;
}

// "3x3" and nothing behind it.
absl::StatusOr<std::vector<int64_t>> ParseNumbers(const std::string& what, std::string text) {
  const std::string whole = text;
  absl::StatusOr<std::vector<int64_t>> numbers = TakeNumbers(&text);
  if (!numbers.ok()) return base::Annotate(numbers.status(), what + " " + Quote(whole));
  if (!text.empty()) return Bad("%s %s: unexpected %s", what, Quote(whole), Quote(text));
  return numbers;
}

absl::StatusOr<OpKind> ParseOp(const std::string& text) {
  std::vector<std::string> names;
  for (OpKind op : kAllOps) {
    if (text == Name(op)) return op;
    names.push_back(Name(op));
  }
  return Bad("operator %s is unknown; known: %s", Quote(text), absl::StrJoin(names, ", "));
}

absl::StatusOr<DType> ParseDType(const std::string& text) {
  if (text == "f32") return DType::kF32;
  if (text == "s8") return DType::kS8;
  return Bad("dtype %s is unknown; known: f32, s8", Quote(text));
}

absl::Status ParseLayout(const std::string& text, Workload* w) {
  if (text == "nhwc") {
    w->layout = Layout::kNhwc;
  } else if (text == "nchw") {
    w->layout = Layout::kNchw;
  } else if (text.size() > 5 && text.substr(0, 4) == "nchw" && text.back() == 'c') {
    const std::string block_text = text.substr(4, text.size() - 5);
    TUNEFARM_ASSIGN_OR_RETURN(const std::vector<int64_t> block, ParseNumbers("layout", block_text));
    if (block.size() != 1) return Bad("layout %s: one channel block, as in nchw16c", Quote(text));
    w->layout = Layout::kNchwc;
    w->channel_block = block[0];
  } else {
    return Bad("layout %s is unknown; known: nhwc, nchw, nchw<block>c", Quote(text));
  }
  return absl::OkStatus();
}

bool HasLayout(OpKind op) {
  return op != OpKind::kDense && op != OpKind::kMatmul && op != OpKind::kSoftmax;
}

// n, h, w, c from numbers in the order of the layout.
std::array<int64_t, 4> InNhwcOrder(Layout layout, const std::vector<int64_t>& d) {
  if (layout == Layout::kNhwc) return {d[0], d[1], d[2], d[3]};
  return {d[0], d[2], d[3], d[1]};
}

absl::Status ParseImageShape(const std::string& text, Workload* w) {
  TUNEFARM_ASSIGN_OR_RETURN(std::vector<int64_t> d, ParseNumbers("shape", text));
  if (w->layout == Layout::kNchwc && d.size() == 5) {
    if (d[4] != w->channel_block) {
      return Bad("shape %s: the last number is %d, the layout's channel block %d", Quote(text),
                 d[4], w->channel_block);
    }
    d[1] = d[1] > kMaxExtent ? d[1] : d[1] * d[4];
    d.pop_back();
  }
  if (d.size() != 4) {
    const char* order = w->layout == Layout::kNhwc   ? "n x h x w x c"
                        : w->layout == Layout::kNchw ? "n x c x h x w"
                                                     : "n x c/block x h x w x block";
    return Bad("shape %s has %d numbers, the layout needs %s", Quote(text), d.size(), order);
  }
  const std::array<int64_t, 4> nhwc = InNhwcOrder(w->layout, d);
  w->n = nhwc[0];
  w->h = nhwc[1];
  w->w = nhwc[2];
  w->c = nhwc[3];
  return absl::OkStatus();
}

absl::Status ParseMatrixShape(const std::string& text, Workload* w) {
  TUNEFARM_ASSIGN_OR_RETURN(const std::vector<int64_t> d, ParseNumbers("shape", text));
  const bool matmul = w->op == OpKind::kMatmul;
  if (d.size() != (matmul ? 3u : 2u)) {
    return Bad("shape %s has %d numbers, %s needs %s", Quote(text), d.size(), Name(w->op),
               matmul ? "m x n x k" : "batch x inputs");
  }
  w->n = d[0];
  w->c = d.back();
  if (matmul) w->oc = d[1];
  return absl::OkStatus();
}

using Parameters = std::map<char, std::vector<int64_t>>;

// "o64k3x3s1x1": letters with their numbers, each letter at most once, only those of `letters`.
absl::StatusOr<Parameters> ParseParameters(std::string text, const std::string& letters) {
  const std::string where = "parameters " + Quote(text);
  Parameters parameters;
  while (!text.empty()) {
    const char letter = text[0];
    if (letters.find(letter) == std::string::npos) {
      return Bad("%s: unexpected %s, the letters here are %s", where, Quote(text), letters);
    }
    text.erase(0, 1);
    absl::StatusOr<std::vector<int64_t>> numbers = TakeNumbers(&text);
    if (!numbers.ok()) return base::Annotate(numbers.status(), where);
    if (!parameters.emplace(letter, *std::move(numbers)).second) {
      return Bad("%s: %c stands twice", where, letter);
    }
  }
  return parameters;
}

// Hands the numbers of `letter` to the fields in order; leaves the defaults where the letter is
// missing.
absl::Status Assign(const Parameters& parameters, char letter, bool required,
                    const std::vector<int64_t*>& fields) {
  const auto it = parameters.find(letter);
  if (it == parameters.end()) {
    if (required) return Bad("parameters: %c is missing", letter);
    return absl::OkStatus();
  }
  if (it->second.size() != fields.size()) {
    return Bad("parameters: %c has %d numbers, needs %d", letter, it->second.size(), fields.size());
  }
  for (size_t i = 0; i < fields.size(); ++i) *fields[i] = it->second[i];
  return absl::OkStatus();
}

absl::Status AssignPadding(const Parameters& parameters, Workload* w) {
  const auto it = parameters.find('p');
  if (it != parameters.end() && it->second.size() == 4) {
    return Assign(parameters, 'p', false,
                  {&w->pad_top, &w->pad_left, &w->pad_bottom, &w->pad_right});
  }
  if (it != parameters.end() && it->second.size() != 2) {
    return Bad("parameters: p has %d numbers, needs 2 (h x w) or 4 (top x left x bottom x right)",
               it->second.size());
  }
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'p', false, {&w->pad_top, &w->pad_left}));
  w->pad_bottom = w->pad_top;
  w->pad_right = w->pad_left;
  return absl::OkStatus();
}

absl::Status AssignParameters(const Parameters& parameters, Workload* w) {
  const std::string letters = ParameterLetters(w->op);
  const bool has_window = letters.find('k') != std::string::npos;
  const bool has_oc = letters.find('o') != std::string::npos;
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'o', has_oc, {&w->oc}));
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'k', has_window, {&w->kh, &w->kw}));
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 's', false, {&w->stride_h, &w->stride_w}));
  TUNEFARM_RETURN_IF_ERROR(AssignPadding(parameters, w));
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'd', false, {&w->dilation_h, &w->dilation_w}));
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'g', false, {&w->groups}));
  TUNEFARM_RETURN_IF_ERROR(Assign(parameters, 'm', false, {&w->multiplier}));
  const auto b = parameters.find('b');
  if (b == parameters.end()) return absl::OkStatus();
  if (b->second.size() != 4) {
    return Bad("parameters: b has %d numbers, needs the 4 of the layout", b->second.size());
  }
  w->broadcast = InNhwcOrder(w->layout, b->second);
  return absl::OkStatus();
}

// "clip-1:0.5", the word and its bounds.
absl::Status ParseClip(const std::string& word, Epilogue* epilogue) {
  const char* const end = word.data() + word.size();
  const auto low =
      std::from_chars(word.data() + 4, end, epilogue->clip_low, std::chars_format::fixed);
  const bool separated = low.ec == std::errc() && low.ptr != end && *low.ptr == ':';
  const char* const second = separated ? low.ptr + 1 : end;
  const auto high = std::from_chars(second, end, epilogue->clip_high, std::chars_format::fixed);
  if (!separated || high.ec != std::errc() || high.ptr != end) {
    return Bad("epilogue: %s is not of the form clip<low>:<high>, decimal numbers", Quote(word));
  }
  if (!std::isfinite(epilogue->clip_low) || !std::isfinite(epilogue->clip_high) ||
      !(epilogue->clip_low < epilogue->clip_high)) {
    return Bad("epilogue: %s has bounds %g:%g, of which the first must be below the second",
               Quote(word), epilogue->clip_low, epilogue->clip_high);
  }
  // Minus zero prints apart from zero and means the same.
  epilogue->clip_low += 0.0f;
  epilogue->clip_high += 0.0f;
  return absl::OkStatus();
}

absl::Status ParseEpilogue(const std::string& text, Epilogue* epilogue) {
  static constexpr const char* kOrder[] = {"bias", "requant", "add", "relu", "relu6", "clip"};
  constexpr size_t kClip = 5;
  size_t next = 0;
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, '+'))) {
    size_t at = 0;
    while (at < std::size(kOrder) && word.substr(0, at == kClip ? 4 : word.size()) != kOrder[at])
      ++at;
    if (at == std::size(kOrder)) {
      return Bad("epilogue %s: %s is unknown; known: %s", Quote(text), Quote(word),
                 absl::StrJoin(kOrder, ", "));
    }
    if (at < next) {
      return Bad("epilogue %s: %s is repeated or out of order; the order is bias+requant+add+relu",
                 Quote(text), word);
    }
    // Activations exclude each other.
    next = at >= 3 ? std::size(kOrder) : at + 1;
    epilogue->bias |= at == 0;
    epilogue->requant |= at == 1;
    epilogue->add |= at == 2;
    if (at == 3) epilogue->activation = Epilogue::Activation::kRelu;
    if (at == 4) epilogue->activation = Epilogue::Activation::kRelu6;
    if (at != kClip) continue;
    epilogue->activation = Epilogue::Activation::kClip;
    TUNEFARM_RETURN_IF_ERROR(ParseClip(word, epilogue));
  }
  return absl::OkStatus();
}

// Fields that follow from others.
void FillDerived(Workload* w) {
  if (w->op == OpKind::kDepthwiseConv2d) {
    // Saturated where it would overflow: the bounds check refuses it.
    w->oc = std::min(w->c * w->multiplier, kMaxExtent + 1);
  } else if (!HasWeights(w->op)) {
    w->oc = w->c;
  }
  if (w->dtype == DType::kS8 && HasWeights(w->op)) w->epilogue.requant = true;
  const std::array<int64_t, 4> full = {w->n, w->h, w->w, w->c};
  if (w->broadcast == full) w->broadcast = {0, 0, 0, 0};
}

absl::StatusOr<Workload> ParseParts(const std::vector<std::string>& parts) {
  Workload w;
  size_t at = 0;
  const auto next = [&](const char* what) -> absl::StatusOr<std::string> {
    if (at >= parts.size()) return Bad("the %s is missing", what);
    return parts[at++];
  };
  TUNEFARM_ASSIGN_OR_RETURN(const std::string op, next("operator"));
  TUNEFARM_ASSIGN_OR_RETURN(w.op, ParseOp(op));
  TUNEFARM_ASSIGN_OR_RETURN(const std::string dtype, next("dtype"));
  TUNEFARM_ASSIGN_OR_RETURN(w.dtype, ParseDType(dtype));
  if (HasLayout(w.op)) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string layout, next("layout"));
    TUNEFARM_RETURN_IF_ERROR(ParseLayout(layout, &w));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const std::string shape, next("shape"));
  TUNEFARM_RETURN_IF_ERROR(HasLayout(w.op) ? ParseImageShape(shape, &w)
                                           : ParseMatrixShape(shape, &w));
  const std::string letters = ParameterLetters(w.op);
  // The parameters of add may be left out; its epilogue starts with no b and a digit.
  const bool optional_left_out = letters == "b" && (at >= parts.size() || parts[at].size() < 2 ||
                                                    parts[at][0] != 'b' || !IsDigit(parts[at][1]));
  if (!letters.empty() && !optional_left_out) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string text, next("parameters part"));
    TUNEFARM_ASSIGN_OR_RETURN(const Parameters parameters, ParseParameters(text, letters));
    TUNEFARM_RETURN_IF_ERROR(AssignParameters(parameters, &w));
  }
  if (at < parts.size()) TUNEFARM_RETURN_IF_ERROR(ParseEpilogue(parts[at++], &w.epilogue));
  if (at < parts.size()) return Bad("unexpected part %s at the end", Quote(parts[at]));
  FillDerived(&w);
  TUNEFARM_RETURN_IF_ERROR(CheckWorkload(w));
  return w;
}

}  // namespace

absl::StatusOr<Workload> ParseWorkload(const std::string& key) {
  if (key.size() > kMaxKeyBytes) {
    return Bad("workload key of %d bytes, at most %d are accepted", key.size(), kMaxKeyBytes);
  }
  absl::StatusOr<Workload> workload = ParseParts(absl::StrSplit(key, '/'));
  if (workload.ok()) return workload;
  return base::Annotate(workload.status(), "workload " + Quote(key));
}

}  // namespace tunefarm::compiler
