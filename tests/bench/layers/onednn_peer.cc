#include "tests/bench/layers/onednn_peer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "dnnl.hpp"
#include "proto/buffer_placement.h"

namespace tunefarm::bench {
namespace {

using dnnl::memory;

// All that one primitive needs to run again.
struct Layer {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::convolution_forward convolution;
  std::unordered_map<int, memory> arguments;
  std::vector<std::byte> output;
};

// Our kernels are timed with their output there, and so is the peer.
void PlaceOutput(Layer& layer) {
  memory& output = layer.arguments[DNNL_ARG_DST];
  layer.output.resize(output.get_desc().get_size() + 2 * TUNEFARM_OUTPUT_PERIOD_BYTES);
  const auto wanted = reinterpret_cast<uintptr_t>(layer.arguments[DNNL_ARG_SRC].get_data_handle()) +
                      TUNEFARM_OUTPUT_DISTANCE_BYTES;
  const auto begin = reinterpret_cast<uintptr_t>(layer.output.data());
  output.set_data_handle(layer.output.data() + (wanted - begin) % TUNEFARM_OUTPUT_PERIOD_BYTES);
}

std::shared_ptr<Layer> MakeConvolution(const compiler::Workload& w) {
  const bool depthwise = w.op == compiler::OpKind::kDepthwiseConv2d;
  const int64_t groups = depthwise ? w.c : w.groups;
  const auto any = memory::format_tag::any;
  const auto f32 = memory::data_type::f32;
  const memory::desc source({w.n, w.c, w.h, w.w}, f32, any);
  const memory::desc weights =
      groups > 1 ? memory::desc({groups, w.oc / groups, w.c / groups, w.kh, w.kw}, f32, any)
                 : memory::desc({w.oc, w.c, w.kh, w.kw}, f32, any);
  const memory::desc bias({w.oc}, f32, memory::format_tag::a);
  const memory::desc destination({w.n, w.oc, w.oh(), w.ow()}, f32, any);
  auto layer = std::make_shared<Layer>();
  const dnnl::convolution_forward::desc description(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, source, weights,
      bias, destination, {w.stride_h, w.stride_w}, {w.dilation_h - 1, w.dilation_w - 1},
      {w.pad_top, w.pad_left}, {w.pad_bottom, w.pad_right});
  dnnl::primitive_attr attributes;
  if (w.epilogue.activation != compiler::Epilogue::Activation::kNone) {
    dnnl::post_ops relu;
    relu.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(relu);
  }
  const dnnl::convolution_forward::primitive_desc chosen(description, attributes, layer->engine);
  layer->convolution = dnnl::convolution_forward(chosen);
  layer->arguments = {{DNNL_ARG_SRC, memory(chosen.src_desc(), layer->engine)},
                      {DNNL_ARG_WEIGHTS, memory(chosen.weights_desc(), layer->engine)},
                      {DNNL_ARG_BIAS, memory(chosen.bias_desc(), layer->engine)},
                      {DNNL_ARG_DST, memory(chosen.dst_desc(), layer->engine)}};
  PlaceOutput(*layer);
  for (auto& [argument, tensor] : layer->arguments) {
    auto* data = static_cast<float*>(tensor.get_data_handle());
    for (size_t i = 0; i < tensor.get_desc().get_size() / sizeof(float); ++i) data[i] = 0.5f;
  }
  return layer;
}

}  // namespace

std::optional<std::function<void()>> MakeOnednnLayer(const compiler::Workload& workload) {
  const bool convolution =
      workload.op == compiler::OpKind::kConv2d || workload.op == compiler::OpKind::kDepthwiseConv2d;
  if (!convolution || workload.dtype != compiler::DType::kF32) return std::nullopt;
  try {
    std::shared_ptr<Layer> layer = MakeConvolution(workload);
    return [layer] {
      layer->convolution.execute(layer->stream, layer->arguments);
      layer->stream.wait();
    };
  } catch (const dnnl::error&) {
    return std::nullopt;
  }
}

}  // namespace tunefarm::bench
