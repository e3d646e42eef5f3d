#include "tests/bench/cortex_m/layers.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tunefarm::bench {
namespace {

enum Column { kModel, kLayer, kOp, kIn, kOut, kKernel, kStride, kMacs, kM7, kM7Best, kM4, kM4Best };

std::vector<int64_t> Numbers(const std::string& text) {
  std::vector<int64_t> numbers;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, 'x'))) {
    int64_t value = 0;
    if (absl::SimpleAtoi(part, &value)) numbers.push_back(value);
  }
  return numbers;
}

// TensorFlow's SAME padding of one dimension: before, after.
std::array<int64_t, 2> SamePadding(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  const int64_t total = std::max<int64_t>(0, (out - 1) * stride + kernel - in);
  return {total / 2, total - total / 2};
}

// in, out: h, w, c.
std::string Key(const std::string& op, const std::vector<int64_t>& in,
                const std::vector<int64_t>& out, const std::vector<int64_t>& kernel,
                int64_t stride) {
  const std::string shape = absl::StrFormat("1x%dx%dx%d", in[0], in[1], in[2]);
  const int64_t flat = in[0] * in[1] * in[2];
  if (op == "FC") return absl::StrFormat("dense/s8/1x%d/o%d/bias+requant", flat, out[2]);
  if (op == "SOFTMAX") return absl::StrFormat("softmax/s8/1x%d", flat);
  if (op == "ADD") return "add/s8/nhwc/" + shape + "/relu";
  const bool valid = op == "AVGPOOL" && out[0] == 1;
  const auto rows = SamePadding(in[0], out[0], kernel[0], stride);
  const auto columns = SamePadding(in[1], out[1], kernel[1], stride);
  std::string window = absl::StrFormat("k%dx%d", kernel[0], kernel[1]);
  if (!valid && stride != 1) window += absl::StrFormat("s%dx%d", stride, stride);
  if (!valid && rows[0] + rows[1] + columns[0] + columns[1] > 0) {
    window += absl::StrFormat("p%dx%dx%dx%d", rows[0], columns[0], rows[1], columns[1]);
  }
  if (op == "CONV") {
    return absl::StrFormat("conv2d/s8/nhwc/%s/o%d%s/bias+requant+relu", shape, out[2], window);
  }
  if (op == "DW") return "depthwise_conv2d/s8/nhwc/" + shape + "/" + window + "/bias+requant+relu";
  return (op == "MAXPOOL" ? "max_pool2d/s8/nhwc/" : "avg_pool2d/s8/nhwc/") + shape + "/" + window;
}

double GoalOf(const std::string& op, const std::vector<int64_t>& in,
              const std::vector<int64_t>& kernel) {
  if (op == "DW") return 0.42;
  if (op != "CONV") return 0;
  if (kernel[0] == 1 && kernel[1] == 1) return 0.52;
  const bool square = kernel[0] == kernel[1] && (kernel[0] == 3 || kernel[0] == 5);
  return square && in[2] >= 16 ? 0.45 : 0;
}

}  // namespace

absl::StatusOr<std::vector<PeerLayer>> ReadPeerLayers(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read %s", path));
  std::vector<PeerLayer> layers;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.rfind("model,", 0) == 0) continue;
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    const auto number = [&fields](Column column) {
      int64_t value = 0;
      return absl::SimpleAtoi(fields[column], &value) ? value : 0;
    };
    if (fields.size() <= kM4Best) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: short line '%s'", path, line));
    }
    const std::vector<int64_t> in = Numbers(fields[kIn]), out = Numbers(fields[kOut]),
                               kernel = Numbers(fields[kKernel]);
    if (in.size() != 3 || out.size() != 3 || kernel.size() != 2) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: no shapes in '%s'", path, line));
    }
    PeerLayer layer;
    layer.model = fields[kModel];
    layer.layer = static_cast<int>(number(kLayer));
    layer.op = fields[kOp];
    layer.workload = Key(layer.op, in, out, kernel, number(kStride));
    layer.macs = number(kMacs);
    layer.m7_peer = number(kM7Best);
    layer.m4_peer = number(kM4Best);
    layer.goal = GoalOf(layer.op, in, kernel);
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace tunefarm::bench
