// tuner workloads: the layers of known networks, as keys that the other commands take.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/op/workload.h"
#include "nlohmann/json.hpp"
#include "tuner/cli/command.h"
#include "tuner/cli/table.h"

namespace tunefarm::tuner {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kModels[] = {"resnet18", "mobilenet_v1"};

struct WorkloadsOptions {
  std::string model;
  bool json = false;
};

absl::Status AddModel(const std::string& model, Json& list, Table& table) {
  absl::StatusOr<std::vector<compiler::ModelLayer>> layers = compiler::LayersOfModel(model);
  if (!layers.ok()) return absl::InvalidArgumentError(std::string(layers.status().message()));
  for (const compiler::ModelLayer& layer : *layers) {
    const std::string key = Print(layer.workload);
    const int64_t macs = layer.workload.num_macs();
    list.push_back({{"model", model}, {"workload", key}, {"count", layer.count}, {"macs", macs}});
    table.rows.push_back({model, std::to_string(layer.count),
                          absl::StrFormat("%.2f", static_cast<double>(macs) / 1e6), key});
  }
  return absl::OkStatus();
}

absl::Status RunWorkloads(const WorkloadsOptions& options) {
  Json list = Json::array();
  Table table;
  table.header = {"model", "count", "10^6 MACs", "workload"};
  table.right = {false, true, true};
  for (const char* model : kModels) {
    if (options.model.empty()) TUNEFARM_RETURN_IF_ERROR(AddModel(model, list, table));
  }
  if (!options.model.empty()) TUNEFARM_RETURN_IF_ERROR(AddModel(options.model, list, table));
  std::fputs(options.json ? (list.dump() + "\n").c_str() : PrintAligned(table).c_str(), stdout);
  return absl::OkStatus();
}

constexpr char kKeys[] =
    "A workload's key is operator/dtype/layout/input shape/parameters[/epilogue]:\n"
    "  conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu    o outputs, k kernel, s stride, p "
    "padding, d dilation,\n"
    "                                                          g groups; layouts nhwc, nchw, "
    "nchw16c\n"
    "  depthwise_conv2d/f32/nhwc/1x112x112x32/k3x3s1x1p1x1     m channel multiplier\n"
    "  dense/f32/1x512/o1000/bias                              batch x inputs\n"
    "  matmul/f32/512x512x512                                  m x n x k\n"
    "  max_pool2d/f32/nhwc/1x112x112x64/k3x3s2x2p1x1           avg_pool2d likewise\n"
    "  add/f32/nhwc/1x32x32x16, relu/f32/nhwc/1x32x32x16       add: b1x1x1x16 broadcasts the "
    "second operand\n"
    "  softmax/s8/1x10                                         batch x elements\n"
    "Epilogues, joined by '+': bias, requant (s8), add (a residual), relu, relu6. dtypes: f32, s8.";

}  // namespace

void AddWorkloads(CLI::App& app, Action& action) {
  CLI::App* command = AddCommand<WorkloadsOptions>(
      app, action, "workloads", "List the layers of known networks by their keys",
      [](CLI::App& command, WorkloadsOptions& options) {
        command.add_option("--model", options.model, "Only this network: resnet18 or mobilenet_v1");
        AddJsonFlag(command, options.json);
      },
      RunWorkloads);
  command->footer(kKeys);
}

}  // namespace tunefarm::tuner
