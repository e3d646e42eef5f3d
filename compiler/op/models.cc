// The layers of the networks that are tuned and measured by name, as deployed for inference: batch
// normalisation is folded into weights and bias.

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/op/workload.h"

namespace tunefarm::compiler {
namespace {

struct LayerKey {
  const char* key;
  int count;
};

// He et al., CVPR 2016, table 1. The residual additions are operators of their own and not listed:
// with them, the activation of every second 3x3 convolution comes after the addition.
constexpr LayerKey kResnet18[] = {
    {"conv2d/f32/nhwc/1x224x224x3/o64k7x7s2x2p3x3/bias+relu", 1},
    {"max_pool2d/f32/nhwc/1x112x112x64/k3x3s2x2p1x1", 1},
    {"conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu", 4},
    {"conv2d/f32/nhwc/1x56x56x64/o128k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x56x56x64/o128k1x1s2x2/bias", 1},
    {"conv2d/f32/nhwc/1x28x28x128/o128k3x3s1x1p1x1/bias+relu", 3},
    {"conv2d/f32/nhwc/1x28x28x128/o256k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x28x28x128/o256k1x1s2x2/bias", 1},
    {"conv2d/f32/nhwc/1x14x14x256/o256k3x3s1x1p1x1/bias+relu", 3},
    {"conv2d/f32/nhwc/1x14x14x256/o512k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x14x14x256/o512k1x1s2x2/bias", 1},
    {"conv2d/f32/nhwc/1x7x7x512/o512k3x3s1x1p1x1/bias+relu", 3},
    {"avg_pool2d/f32/nhwc/1x7x7x512/k7x7", 1},
    {"dense/f32/1x512/o1000/bias", 1},
};

// Howard et al., 2017, table 1.
constexpr LayerKey kMobilenetV1[] = {
    {"conv2d/f32/nhwc/1x224x224x3/o32k3x3s2x2p1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x112x112x32/k3x3s1x1p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x112x112x32/o64k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x112x112x64/k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x56x56x64/o128k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x56x56x128/k3x3s1x1p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x56x56x128/o128k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x56x56x128/k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x28x28x128/o256k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x28x28x256/k3x3s1x1p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x28x28x256/o256k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x28x28x256/k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x14x14x256/o512k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x14x14x512/k3x3s1x1p1x1/bias+relu", 5},
    {"conv2d/f32/nhwc/1x14x14x512/o512k1x1/bias+relu", 5},
    {"depthwise_conv2d/f32/nhwc/1x14x14x512/k3x3s2x2p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x7x7x512/o1024k1x1/bias+relu", 1},
    {"depthwise_conv2d/f32/nhwc/1x7x7x1024/k3x3s1x1p1x1/bias+relu", 1},
    {"conv2d/f32/nhwc/1x7x7x1024/o1024k1x1/bias+relu", 1},
    {"avg_pool2d/f32/nhwc/1x7x7x1024/k7x7", 1},
    {"dense/f32/1x1024/o1000/bias", 1},
};

template <size_t kSize>
absl::StatusOr<std::vector<ModelLayer>> ParseLayers(const LayerKey (&keys)[kSize]) {
  std::vector<ModelLayer> layers;
  for (const LayerKey& layer : keys) {
    TUNEFARM_ASSIGN_OR_RETURN(const Workload workload, ParseWorkload(layer.key));
    layers.push_back({workload, layer.count});
  }
  return layers;
}

}  // namespace

absl::StatusOr<std::vector<ModelLayer>> LayersOfModel(const std::string& model) {
  if (model == "resnet18") return ParseLayers(kResnet18);
  if (model == "mobilenet_v1") return ParseLayers(kMobilenetV1);
  return absl::NotFoundError(
      absl::StrFormat("model %s is unknown; known: resnet18, mobilenet_v1", model));
}

}  // namespace tunefarm::compiler
