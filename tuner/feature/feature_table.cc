#include "tuner/feature/feature_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "base/hash.h"

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;
using compiler::OpKind;
using In = FeatureInput;

// Raised when a formula below, or one of the analytic cost's, changes and no name or unit does.
constexpr int kTableVersion = 1;

// Sizes and counts: what is below one counts as one.
double Log2(double value) { return std::log2(std::max(value, 1.0)); }
// Ratios of sizes: may be negative, bounded where one of them is 0.
double Log2Ratio(double value, double to) {
  return std::clamp(std::log2(std::max(value, 1e-6) / std::max(to, 1e-6)), -20.0, 20.0);
}
// Cycles over those of a perfect kernel.
double Relative(double cycles, const In& in) { return cycles / in.ideal_cycles; }

double Footprint(const ConfigFacts::Level& level) {
  return level.input_bytes + level.weight_bytes + level.output_bytes;
}
double TotalBytes(const ConfigFacts& facts) {
  return facts.total_input_bytes + facts.total_weight_bytes + facts.total_output_bytes;
}
double Loads(const ConfigFacts& facts) {
  return facts.vector_loads_per_step + facts.broadcast_loads_per_step;
}
double Macs(const In& in) { return in.facts.useful_fmas * in.facts.native_lanes; }

constexpr Feature kFeatures[] = {
    // The register tile.
    {"accumulators", "1", "vector registers that hold partial sums",
     [](const In& in) { return in.facts.accumulators; }},
    {"register_use", "1", "accumulators and operands over the registers available",
     [](const In& in) {
       return (in.facts.accumulators + in.facts.operand_registers) / in.facts.available_registers;
     }},
    {"spilled_registers", "1", "registers that one k step needs beyond those available",
     [](const In& in) { return SpilledRegisters(in.facts); }},
    {"latency_fill", "1", "accumulators over those that hide the multiply-add's latency",
     [](const In& in) {
       return in.facts.accumulators /
              (static_cast<double>(in.target.fma_latency_cycles) * in.target.fma_per_cycle);
     }},
    {"tile_pixels", "1", "rows of the register tile",
     [](const In& in) { return in.facts.tile_pixels; }},
    {"tile_vectors", "1", "columns of the register tile, in vectors",
     [](const In& in) { return in.facts.tile_vectors; }},
    {"vector_fill", "1", "lanes used over lanes of a register",
     [](const In& in) { return in.facts.vector_lanes / in.facts.native_lanes; }},

    // The k loop.
    {"fma_per_load", "1", "multiply-adds per load of a k step",
     [](const In& in) { return in.facts.fma_per_step / std::max(Loads(in.facts), 1.0); }},
    {"broadcast_share", "1", "broadcasts among the loads of a k step",
     [](const In& in) {
       return in.facts.broadcast_loads_per_step / std::max(Loads(in.facts), 1.0);
     }},
    {"overhead_per_fma", "1", "scalar instructions per multiply-add",
     [](const In& in) { return in.facts.loop_overhead_per_step / in.facts.fma_per_step; }},
    {"unroll_steps", "log2 steps", "k steps in the innermost loop's body",
     [](const In& in) { return Log2(in.facts.unroll_steps); }},
    {"steps_per_tile", "log2 steps", "length of the k loop",
     [](const In& in) { return Log2(in.facts.steps_per_tile); }},
    {"fma_per_body", "log2 fma", "multiply-adds in the innermost loop's body",
     [](const In& in) { return Log2(in.facts.fma_per_step * in.facts.unroll_steps); }},
    {"body_to_uop_cache", "log2 ratio", "innermost body over the decoded-instruction cache",
     [](const In& in) { return Log2Ratio(in.facts.body_instructions, kUopCacheInstructions); }},
    {"code_bytes", "log2 bytes", "code of the whole kernel",
     [](const In& in) { return Log2(in.facts.code_bytes); }},

    // The tiles of the whole kernel.
    {"tail_waste", "1", "multiply-adds issued over those of a perfect kernel",
     [](const In& in) { return in.facts.issued_fmas / in.facts.useful_fmas; }},
    {"tile_fill", "1", "multiply-adds issued over those of as many full tiles",
     [](const In& in) {
       const double full_tile = in.facts.fma_per_step * in.facts.steps_per_tile;
       return in.facts.issued_fmas / (in.facts.tiles * full_tile);
     }},
    {"tiles", "log2 tiles", "register tiles executed",
     [](const In& in) { return Log2(in.facts.tiles); }},
    {"fma_per_tile", "log2 fma", "multiply-adds per register tile",
     [](const In& in) { return Log2(in.facts.fma_per_step * in.facts.steps_per_tile); }},
    {"parallel_chunks", "log2 chunks", "iterations of the parallel loop",
     [](const In& in) { return Log2(in.facts.parallel_chunks); }},
    {"code_memory", "1", "which of the board's memories the code runs from, 0 the best",
     [](const In& in) { return in.facts.code_memory; }},
    {"parallel_imbalance", "1", "rounds of chunks over all cores, over an even share",
     [](const In& in) {
       const double share =
           std::max(in.facts.parallel_chunks, 1.0) / static_cast<double>(in.target.num_cores);
       return std::ceil(share) / share;
     }},

    // Bytes of one pass of each loop level, and their fit.
    {"tile_input_bytes", "log2 bytes", "input touched by one register tile",
     [](const In& in) { return Log2(in.facts.levels[0].input_bytes); }},
    {"tile_weight_bytes", "log2 bytes", "weights touched by one register tile",
     [](const In& in) { return Log2(in.facts.levels[0].weight_bytes); }},
    {"tile_to_l1", "log2 ratio", "bytes of one register tile over L1",
     [](const In& in) {
       return Log2Ratio(Footprint(in.facts.levels[0]), static_cast<double>(in.target.l1_bytes));
     }},
    {"inner_input_bytes", "log2 bytes", "input touched by one pass of the inner tile loop",
     [](const In& in) { return Log2(in.facts.levels[1].input_bytes); }},
    {"inner_weight_bytes", "log2 bytes", "weights touched by one pass of the inner tile loop",
     [](const In& in) { return Log2(in.facts.levels[1].weight_bytes); }},
    {"inner_output_bytes", "log2 bytes", "output touched by one pass of the inner tile loop",
     [](const In& in) { return Log2(in.facts.levels[1].output_bytes); }},
    {"inner_to_l1", "log2 ratio", "bytes of one inner pass over L1",
     [](const In& in) {
       return Log2Ratio(Footprint(in.facts.levels[1]), static_cast<double>(in.target.l1_bytes));
     }},
    {"inner_to_l2", "log2 ratio", "bytes of one inner pass over L2",
     [](const In& in) {
       return Log2Ratio(Footprint(in.facts.levels[1]), static_cast<double>(in.target.l2_bytes));
     }},
    {"middle_input_bytes", "log2 bytes", "input touched by one pass of the middle tile loop",
     [](const In& in) { return Log2(in.facts.levels[2].input_bytes); }},
    {"middle_weight_bytes", "log2 bytes", "weights touched by one pass of the middle tile loop",
     [](const In& in) { return Log2(in.facts.levels[2].weight_bytes); }},
    {"middle_to_l2", "log2 ratio", "bytes of one middle pass over L2",
     [](const In& in) {
       return Log2Ratio(Footprint(in.facts.levels[2]), static_cast<double>(in.target.l2_bytes));
     }},
    {"middle_passes", "log2 passes", "passes of the middle tile loop",
     [](const In& in) { return Log2(in.facts.levels[2].iterations); }},
    {"total_to_l2", "log2 ratio", "bytes of the whole kernel over L2",
     [](const In& in) {
       return Log2Ratio(TotalBytes(in.facts), static_cast<double>(in.target.l2_bytes));
     }},
    {"total_to_l3", "log2 ratio", "bytes of the whole kernel over L3",
     [](const In& in) {
       return Log2Ratio(TotalBytes(in.facts), static_cast<double>(in.target.l3_bytes));
     }},
    {"intensity_l2", "log2 mac/byte", "multiply-accumulates per byte that misses L1",
     [](const In& in) { return Log2Ratio(Macs(in), in.cost.l1_miss_bytes); }},
    {"intensity_l3", "log2 mac/byte", "multiply-accumulates per byte that misses L2",
     [](const In& in) { return Log2Ratio(Macs(in), in.cost.l2_miss_bytes); }},
    {"intensity_dram", "log2 mac/byte", "multiply-accumulates per byte that misses L3",
     [](const In& in) { return Log2Ratio(Macs(in), in.cost.l3_miss_bytes); }},

    // The analytic cost by its parts.
    {"fma_issue", "perfect kernels", "analytic bound of the multiply-add ports",
     [](const In& in) { return Relative(in.cost.fma_issue_cycles, in); }},
    {"fma_latency", "perfect kernels", "analytic bound of the accumulators' chains",
     [](const In& in) { return Relative(in.cost.fma_latency_cycles, in); }},
    {"loads", "perfect kernels", "analytic bound of the load ports",
     [](const In& in) { return Relative(in.cost.load_cycles, in); }},
    {"front_end", "perfect kernels", "analytic bound of fetch, decode and rename",
     [](const In& in) { return Relative(in.cost.front_end_cycles, in); }},
    {"l2_transfer", "perfect kernels", "analytic bound of L2's bandwidth",
     [](const In& in) { return Relative(in.cost.l2_cycles, in); }},
    {"l3_transfer", "perfect kernels", "analytic bound of L3's bandwidth",
     [](const In& in) { return Relative(in.cost.l3_cycles, in); }},
    {"dram_transfer", "perfect kernels", "analytic bound of DRAM's bandwidth",
     [](const In& in) { return Relative(in.cost.dram_cycles, in); }},
    {"tails", "perfect kernels", "latency that tail tiles fail to hide",
     [](const In& in) { return Relative(in.cost.tail_cycles, in); }},
    {"tile_overhead", "perfect kernels", "starts and ends of the k loops",
     [](const In& in) { return Relative(in.cost.tile_overhead_cycles, in); }},
    {"epilogue", "perfect kernels", "stores and transforms outside the k loops",
     [](const In& in) { return Relative(in.cost.epilogue_cycles, in); }},
    {"packing", "perfect kernels", "padding, packing and layout stages",
     [](const In& in) { return Relative(in.cost.packing_cycles, in); }},
    {kAnalyticEfficiency, "1", "perfect kernel's cycles over the analytic cost",
     [](const In& in) { return std::min(1.0, in.ideal_cycles / in.cost.total_cycles); }},
    {"limit", "Bound", "which bound is largest, by distance from the arithmetic units",
     [](const In& in) { return static_cast<double>(in.cost.limit); }},

    // The task and the device: equal in all rows of a task, they tell tasks apart in the shared
    // model.
    {"task_macs", "log2 mac", "multiply-accumulates of the task",
     [](const In& in) { return Log2(Macs(in)); }},
    {"task_channels", "log2 channels", "input channels",
     [](const In& in) { return Log2(static_cast<double>(in.workload.c)); }},
    {"task_outputs", "log2 channels", "output channels",
     [](const In& in) { return Log2(static_cast<double>(in.workload.oc)); }},
    {"task_taps", "1", "taps of the filter",
     [](const In& in) { return static_cast<double>(in.workload.kh * in.workload.kw); }},
    {"task_stride", "1", "stride along the width",
     [](const In& in) { return static_cast<double>(in.workload.stride_w); }},
    {"task_depthwise", "1", "1 for depthwise convolutions",
     [](const In& in) { return in.workload.op == OpKind::kDepthwiseConv2d ? 1.0 : 0.0; }},
    {"device_registers", "1", "vector registers available",
     [](const In& in) { return in.facts.available_registers; }},
    {"device_lanes", "log2 lanes", "lanes of a vector register",
     [](const In& in) { return Log2(in.facts.native_lanes); }},
    {"device_fma_per_cycle", "1/cycle", "vector multiply-adds issued per cycle",
     [](const In& in) { return in.target.fma_per_cycle; }},
    {"device_l2_bytes", "log2 bytes", "size of L2",
     [](const In& in) { return Log2(static_cast<double>(in.target.l2_bytes)); }},
    {"device_in_order", "1", "1 for in-order cores",
     [](const In& in) { return in.target.in_order ? 1.0 : 0.0; }},
};

float Finite(double value) {
  if (!std::isfinite(value)) return 0.0f;
  return static_cast<float>(std::clamp(value, -1e9, 1e9));
}

}  // namespace

std::span<const Feature> Features() { return kFeatures; }

const std::string& FeatureListHash() {
  static const std::string hash = [] {
    std::string text = absl::StrFormat("features %d\n", kTableVersion);
    for (const Feature& feature : kFeatures) {
      text += absl::StrFormat("%s [%s]\n", feature.name, feature.unit);
    }
    return base::Sha256Hex(text);
  }();
  return hash;
}

absl::StatusOr<size_t> FeatureIndex(const std::string& name) {
  for (size_t i = 0; i < std::size(kFeatures); ++i) {
    if (name == kFeatures[i].name) return i;
  }
  return absl::NotFoundError(absl::StrFormat("feature table has no feature '%s'", name));
}

std::vector<float> ExtractFeatures(const compiler::ConfigFacts& facts,
                                   const compiler::Target& target,
                                   const compiler::Workload& workload) {
  const AnalyticCost cost = EstimateCost(facts, target);
  const FeatureInput input = {facts, target, workload, cost, IdealCycles(facts, target)};
  std::vector<float> row;
  row.reserve(std::size(kFeatures));
  for (const Feature& feature : kFeatures) row.push_back(Finite(feature.compute(input)));
  return row;
}

}  // namespace tunefarm::tuner
