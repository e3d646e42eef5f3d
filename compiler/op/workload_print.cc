// Writes a workload key.
#include <charconv>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/op/workload.h"
#include "compiler/op/workload_text.h"

namespace tunefarm::compiler {
namespace {

std::string LayoutText(const Workload& w) {
  switch (w.layout) {
    case Layout::kNhwc:
      return "nhwc";
    case Layout::kNchw:
      return "nchw";
    case Layout::kNchwc:
      return absl::StrFormat("nchw%dc", w.channel_block);
    case Layout::kNone:
      break;
  }
  return "";
}

std::string ShapeText(const Workload& w, const std::array<int64_t, 4>& nhwc) {
  const auto [n, h, width, c] = nhwc;
  switch (w.layout) {
    case Layout::kNhwc:
      return absl::StrFormat("%dx%dx%dx%d", n, h, width, c);
    case Layout::kNchw:
      return absl::StrFormat("%dx%dx%dx%d", n, c, h, width);
    case Layout::kNchwc:
      return absl::StrFormat("%dx%dx%dx%dx%d", n, c / w.channel_block, h, width, w.channel_block);
    case Layout::kNone:
      break;
  }
  if (w.op == OpKind::kMatmul) return absl::StrFormat("%dx%dx%d", n, w.oc, c);
  return absl::StrFormat("%dx%d", n, c);
}

std::string ParameterText(const Workload& w, char letter) {
  switch (letter) {
    case 'o':
      return absl::StrFormat("o%d", w.oc);
    case 'k':
      return absl::StrFormat("k%dx%d", w.kh, w.kw);
    case 's':
      return absl::StrFormat("s%dx%d", w.stride_h, w.stride_w);
    case 'p':
      if (w.pad_top == w.pad_bottom && w.pad_left == w.pad_right) {
        return absl::StrFormat("p%dx%d", w.pad_top, w.pad_left);
      }
      return absl::StrFormat("p%dx%dx%dx%d", w.pad_top, w.pad_left, w.pad_bottom, w.pad_right);
    case 'd':
      return absl::StrFormat("d%dx%d", w.dilation_h, w.dilation_w);
    case 'g':
      return absl::StrFormat("g%d", w.groups);
    case 'm':
      return absl::StrFormat("m%d", w.multiplier);
    case 'b':
      if (w.broadcast == std::array<int64_t, 4>{0, 0, 0, 0}) return "";
      return absl::StrFormat("b%s", ShapeText(w, w.broadcast));
    default:
      TUNEFARM_CHECK(false, "unknown parameter letter");
  }
}

// The shortest decimal that reads back as the same float.
std::string ShortestText(float value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

std::string EpilogueText(const Epilogue& epilogue) {
  std::vector<std::string> words;
  if (epilogue.bias) words.push_back("bias");
  if (epilogue.requant) words.push_back("requant");
  if (epilogue.add) words.push_back("add");
  if (epilogue.activation == Epilogue::Activation::kRelu) words.push_back("relu");
  if (epilogue.activation == Epilogue::Activation::kRelu6) words.push_back("relu6");
  if (epilogue.activation == Epilogue::Activation::kClip) {
    words.push_back("clip" + ShortestText(epilogue.clip_low) + ":" +
                    ShortestText(epilogue.clip_high));
  }
  return absl::StrJoin(words, "+");
}

}  // namespace

std::string ParameterLetters(OpKind op) {
  switch (op) {
    case OpKind::kConv2d:
      return "okspdg";
    case OpKind::kDepthwiseConv2d:
      return "kspdm";
    case OpKind::kMaxPool2d:
    case OpKind::kAvgPool2d:
      return "ksp";
    case OpKind::kDense:
      return "o";
    case OpKind::kAdd:
      return "b";
    case OpKind::kMatmul:
    case OpKind::kRelu:
    case OpKind::kSoftmax:
      break;
  }
  return "";
}

std::string Print(const Workload& w) {
  std::vector<std::string> parts = {Name(w.op), Name(w.dtype)};
  if (w.layout != Layout::kNone) parts.push_back(LayoutText(w));
  parts.push_back(ShapeText(w, {w.n, w.h, w.w, w.c}));
  std::string parameters;
  for (char letter : ParameterLetters(w.op)) parameters += ParameterText(w, letter);
  if (!parameters.empty()) parts.push_back(parameters);
  const std::string epilogue = EpilogueText(w.epilogue);
  if (!epilogue.empty()) parts.push_back(epilogue);
  return absl::StrJoin(parts, "/");
}

}  // namespace tunefarm::compiler
